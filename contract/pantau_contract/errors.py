class ContractError(ValueError):
    """A topic or message breaks the contract. The text says where and how, in words for a person."""
