"""Every write to organizations, owners, posts, rosters, leaves and the responsibility list."""

from partyorgs.services.duty import (
    DutyDraft,
    Pattern,
    Shift,
    clear_duty,
    duty_refusals,
    fill_duty,
    set_duties,
    set_duty,
    shift_on,
)
from partyorgs.services.leave import end_leave, take_leave
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
    "DutyDraft",
    "Handover",
    "Item",
    "OrganizationDraft",
    "Pattern",
    "PostDraft",
    "Shift",
    "clear_duty",
    "duty_refusals",
    "end_leave",
    "end_post",
    "end_responsibility",
    "fill_duty",
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
    "set_duties",
    "set_duty",
    "set_responsibilities",
    "set_responsibility",
    "shift_on",
    "take_leave",
]
