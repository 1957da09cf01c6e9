"""What leaves the page: names of files, pictures with words, and saved results that come back."""
