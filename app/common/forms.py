"""How every form of the site is rendered."""

from django.forms.renderers import TemplatesSetting


class StudiumRenderer(TemplatesSetting):
    """Label above, help below, the error at its field and once more at the top."""

    form_template_name = "forms/form.html"
    field_template_name = "forms/field.html"
