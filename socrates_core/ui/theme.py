"""The look of the page: colours and fonts on top of Gradio's Soft theme, the style sheet, and the script.

Only system fonts are used, so that the page loads nothing from other hosts.
"""

from typing import Final

import gradio as gr
from markupsafe import Markup

from socrates_core.report.markup import markup
from socrates_core.study.files import ASSETS

STYLE_SHEET: Final = ASSETS / "socrates.css"
SCRIPTS: Final = (
    "socrates.js", "controls.js", "sign_in.js", "your_study_people.js", "your_study.js", "your_data.js", "reading.js",
)  # fmt: skip

BLUE: Final = gr.themes.Color(
    name="socrates",
    c50="#eef5fa", c100="#d9e8f3", c200="#b4d1e7", c300="#86b4d6", c400="#4f90be", c500="#2673a6",
    c600="#1a5c8a", c700="#164b70", c800="#123c5a", c900="#0f3049", c950="#0a2033",
)  # fmt: skip

EDGE: Final = "#7f8a99"
EDGE_DARK: Final = "#6f7d91"
"""Outlines of controls: at least 3.2 : 1 and 3.8 : 1 on every ground of the page, where WCAG 2.2 asks for 3 : 1."""


def theme() -> gr.themes.Soft:
    """The theme: blue on off-white."""
    return gr.themes.Soft(
        primary_hue=BLUE,
        secondary_hue=BLUE,
        neutral_hue=gr.themes.colors.slate,
        font=["system-ui", "sans-serif"],
        font_mono=["ui-monospace", "monospace"],
        radius_size=gr.themes.sizes.radius_sm,
    ).set(
        body_background_fill="#f7f7f4",
        body_background_fill_dark="#12161c",
        block_background_fill="transparent",
        block_background_fill_dark="transparent",
        block_border_width="0px",
        block_shadow="none",
        block_label_background_fill="transparent",
        block_label_background_fill_dark="transparent",
        block_title_background_fill="transparent",
        block_title_background_fill_dark="transparent",
        block_title_padding="0",
        block_title_text_color="*neutral_700",
        block_title_text_color_dark="*neutral_200",
        block_padding="0",
        block_info_text_color="*neutral_600",
        block_info_text_color_dark="*neutral_300",
        input_background_fill="#ffffff",
        input_background_fill_dark="#1c222b",
        input_border_width="1px",
        input_border_color=EDGE,
        input_border_color_dark=EDGE_DARK,
        checkbox_border_color=EDGE,
        checkbox_border_color_dark=EDGE_DARK,
        checkbox_border_color_hover=EDGE,
        checkbox_border_color_hover_dark=EDGE_DARK,
        checkbox_border_width="1.5px",
        checkbox_label_border_width="1px",
        checkbox_label_border_color=EDGE,
        checkbox_label_border_color_dark=EDGE_DARK,
        checkbox_label_border_color_hover=EDGE,
        checkbox_label_border_color_hover_dark=EDGE_DARK,
        input_shadow="none",
        button_primary_background_fill="*primary_600",
        button_primary_background_fill_hover="*primary_700",
        button_primary_background_fill_dark="*primary_500",
        button_primary_text_color="#ffffff",
        button_primary_shadow="none",
        button_secondary_shadow="none",
    )


def head() -> Markup:
    """HTML for the head of the page: the inline scripts."""
    return markup(
        "{% for script in scripts %}<script>{{ script }}</script>{% endfor %}",
        scripts=[Markup((ASSETS / name).read_text("utf-8")) for name in SCRIPTS],
    )
