"""The tab on which a visitor writes a study and sees its prediction."""
