"""What operators may start by hand, as jobs."""

from jobs.progress import Progress
from jobs.registry import task
from ops import services


@task("ops.backup", label="Back the database up", time_limit_s=7200, attempts=1)
def backup(progress: Progress) -> dict[str, object]:
    progress.report(phase="Writing the backup")
    record = services.back_up()
    services.prune_backups()
    return {"file": record.file, "size": record.size, "sha256": record.sha256}
