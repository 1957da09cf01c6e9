"""The prediction of a study that nobody has answered: picture, tables, sentence, files, command."""
