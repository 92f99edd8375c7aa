"""The pages of this area, by subject."""

from accounts.views.sign_in import locked_out

__all__ = ["locked_out"]
