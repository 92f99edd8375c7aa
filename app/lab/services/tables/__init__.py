"""Cache tables: sessions and datasets as the ONE client searches them when it is not connected.

Kept are *parts*, one for each lab and first digit of the sessions' ids, which are brought up to
date when somebody asks. A person's tables are put together of the parts of their labs, and hold no
more than the sessions that the person sees.
"""

from lab.services.tables.assembly import Tables, tables_of
from lab.services.tables.parts import refresh

__all__ = ["Tables", "refresh", "tables_of"]
