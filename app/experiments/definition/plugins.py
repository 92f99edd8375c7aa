"""jsPsych's plugins that this release serves, and the functions that a timeline may name.

Those that need a camera's eye tracking, or a survey builder of 1.4 MB, are left out.
"""

PLUGINS = (
    "animation",
    "audio-button-response",
    "audio-keyboard-response",
    "audio-slider-response",
    "browser-check",
    "call-function",
    "canvas-button-response",
    "canvas-keyboard-response",
    "canvas-slider-response",
    "categorize-animation",
    "categorize-html",
    "categorize-image",
    "cloze",
    "external-html",
    "free-sort",
    "fullscreen",
    "html-audio-response",
    "html-button-response",
    "html-keyboard-response",
    "html-slider-response",
    "html-video-response",
    "iat-html",
    "iat-image",
    "image-button-response",
    "image-keyboard-response",
    "image-slider-response",
    "initialize-camera",
    "initialize-microphone",
    "instructions",
    "maxdiff",
    "mirror-camera",
    "preload",
    "reconstruction",
    "resize",
    "same-different-html",
    "same-different-image",
    "serial-reaction-time",
    "serial-reaction-time-mouse",
    "sketchpad",
    "survey-html-form",
    "survey-likert",
    "survey-multi-choice",
    "survey-multi-select",
    "survey-text",
    "video-button-response",
    "video-keyboard-response",
    "video-slider-response",
    "virtual-chinrest",
    "visual-search-circle",
)
# Our own, with its version: a trial in which the members of a group exchange what they say.
EXCHANGE = "group-exchange"
OURS = {EXCHANGE: "1.0.0"}
ALL = (*PLUGINS, *OURS)
# These write an element <style> into the page; the others style by attributes and properties.
STYLING = frozenset(
    {"maxdiff", "sketchpad", "survey-likert", "survey-multi-choice", "survey-multi-select"}
)
FUNCTIONS = ("choose", "compare", "mark", "random", "text", "until")


def global_of(plugin: str) -> str:
    """Return what the browser's build of a plugin is called there."""
    return "jsPsych" + "".join(word.capitalize() for word in plugin.split("-"))
