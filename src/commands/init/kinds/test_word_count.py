"""Tests of the kind word-count."""

import unittest

from word_count import word_count


class WordCount(unittest.TestCase):
    def test_words_are_what_blanks_part(self):
        self.assertEqual(word_count(" to be\nor not  to be"), {"words": 6})

    def test_a_text_without_words_has_none(self):
        self.assertEqual(word_count(" \n"), {"words": 0})


if __name__ == "__main__":
    unittest.main()
