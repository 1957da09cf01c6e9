"""The tab on which a visitor brings a survey file and sees predicted against actual answers."""
