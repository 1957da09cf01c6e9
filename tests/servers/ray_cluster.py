"""A Ray cluster of two nodes on this machine, one processor each.

Prints its address. A line on standard input takes the second node away; the end of standard input ends the cluster.
"""

import sys

from ray.cluster_utils import Cluster

if __name__ == "__main__":
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    second = cluster.add_node(num_cpus=1)
    cluster.wait_for_nodes()
    print(cluster.address, flush=True)
    if sys.stdin.readline():
        cluster.remove_node(second, allow_graceful=False)
        print("removed", flush=True)
        sys.stdin.read()
    cluster.shutdown()
