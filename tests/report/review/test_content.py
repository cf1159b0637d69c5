"""The values of a report."""

from __future__ import annotations

import json

from support.reviews import make_review


def test_title_and_plain_values() -> None:
    review = make_review()
    assert review.title == "Change since maind00: the check failed"
    assert make_review(findings=0).title.endswith("passed")
    value = json.loads(json.dumps(value_of := _json()))
    assert value == value_of
    assert (value["check"]["failed"], len(value["check"]["findings"])) == (True, 1)
    assert value["diff"]["changes"][0]["measures"][0]["value"] == 12
    assert value["impact"]["affected"]["any"] == 3


def _json() -> dict[str, object]:
    from curated.report.review.content import review_to_json

    return review_to_json(make_review())


def test_without_exposures() -> None:
    from curated.report.review.content import review_to_json

    assert review_to_json(make_review()._replace(impact=None))["impact"] is None
