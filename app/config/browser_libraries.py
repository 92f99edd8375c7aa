"""What npm installs for browsers: each file under the address that pages know it by."""

from experiments.definition.plugins import PLUGINS

FILES = {
    "vendor/htmx.min.js": "htmx.org/dist/htmx.min.js",
    "vendor/jspsych.min.js": "jspsych/dist/index.browser.min.js",
} | {
    f"vendor/jspsych/{name}.min.js": f"@jspsych/plugin-{name}/dist/index.browser.min.js"
    for name in PLUGINS
}
