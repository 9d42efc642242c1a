"""LanguageModel: from a sequence of symbols to a fitted network that predicts the next one."""
