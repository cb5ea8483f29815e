"""Who may look at a full number, said in facts that the room above knows."""


def may_reveal(*, handles_issue: bool, works_at_desk: bool, erased: bool) -> bool:
    """The handler in charge and the desk that triages, while the contact exists.

    Nobody else has a purpose for it (PIPL art. 6: the least that is needed).
    """
    return not erased and (handles_issue or works_at_desk)
