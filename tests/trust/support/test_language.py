import pytest

from socrates_core.trust.support.language import language_of


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("How likely are you to order the vegetarian dish with the climate label?", "english"),
        ("IMAGINE THAT YOU ARE AT A RESTAURANT, AND THE WAITER ASKS WHAT YOU WOULD LIKE.", "english"),
        ("Stellen Sie sich vor, Sie sind im Supermarkt. Wie wahrscheinlich ist es, dass Sie es kaufen?", "other"),
        ("Imaginez que vous êtes au restaurant. Quelle est la probabilité que vous commandiez un plat ?", "other"),
        ("Imagínese que está en un restaurante. ¿Qué probabilidad hay de que se cambie usted de mesa?", "other"),
        ("Stel je voor dat je in een restaurant bent. Hoe waarschijnlijk is het dat je het gerecht bestelt?", "other"),
        ("Представьте, что вы находитесь в ресторане. Насколько вероятно, что вы закажете это блюдо?", "other"),
        ("あなたはレストランにいます。この料理を注文する可能性はどのくらいですか。", "other"),
        ("Welfare?", "unclear"),
        ("", "unclear"),
        ("1 2 3 4 5 6 7 8 9 10", "unclear"),
    ],
)  # fmt: skip
def test_english_prose_is_told_from_other_languages_and_too_few_words_from_both(text: str, language: str) -> None:
    assert language_of(text).language == language
