class ContractError(ValueError):
    """A topic or message that breaks the contract; the text says where and how, for the person who reads it."""
