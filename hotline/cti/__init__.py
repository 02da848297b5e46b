"""Computer-telephony integration: everything the product knows about Asterisk, behind typed facts and commands."""
