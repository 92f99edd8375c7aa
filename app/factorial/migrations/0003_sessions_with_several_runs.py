"""Let a session have several runs that go on: whether it may begin one is decided by the service.

The service locks the session to decide. A run that is put into another session, or that comes back,
must not be refused by the table.
"""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("factorial", "0002_client_imports")]

    operations = [
        migrations.RemoveConstraint(
            model_name="logrun", name="log_run_one_at_a_time_in_session"
        ),
    ]
