"""Counts the words of a text: the input from stdin, the result to stdout."""

import json
import sys


def word_count(text):
    return {"words": len(text.split())}


if __name__ == "__main__":
    json.dump(word_count(json.load(sys.stdin)["text"]), sys.stdout)
