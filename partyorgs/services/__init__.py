"""Every write to organizations, owners, posts and the responsibility list."""

from partyorgs.services.organizations import (
    OrganizationDraft,
    save_organization,
    save_organizations,
)
from partyorgs.services.ownership import (
    Handover,
    hand_over_cell,
    hand_over_cells,
    handover_refusals,
)
from partyorgs.services.posts import (
    PostDraft,
    end_post,
    give_post,
    give_posts,
    post_refusals,
    seat_refusal,
)
from partyorgs.services.responsibilities import (
    Item,
    end_responsibility,
    item_refusals,
    set_responsibilities,
    set_responsibility,
)

__all__ = [
    "Handover",
    "Item",
    "OrganizationDraft",
    "PostDraft",
    "end_post",
    "end_responsibility",
    "give_post",
    "give_posts",
    "hand_over_cell",
    "hand_over_cells",
    "handover_refusals",
    "item_refusals",
    "post_refusals",
    "save_organization",
    "save_organizations",
    "seat_refusal",
    "set_responsibilities",
    "set_responsibility",
]
