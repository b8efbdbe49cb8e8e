"""Every code that the source can answer is in the catalogue, and nothing else is."""

from eliza_cloud.api.openapi.error_codes import CATALOGUE, ERROR_CODES
from eliza_cloud.cli.exit_codes import COMMAND_CODES
from eliza_cloud.core.problems import PROBLEMS
from tests.docs.source import codes

SERVICE = ("core/", "cloud/", "store/", "runtime/", "daemon/", "routing/", "api/", "ops/")


def test_every_code_of_the_service_is_an_error_code_or_a_cause():
    assert {
        word: where for word, where in codes(*SERVICE).items() if word not in ERROR_CODES | PROBLEMS
    } == {}


def test_every_code_of_the_commands_is_in_their_own_catalogue_or_the_services():
    known = {*COMMAND_CODES, *ERROR_CODES, *PROBLEMS}
    assert {word: where for word, where in codes("cli/").items() if word not in known} == {}


def test_every_code_in_the_catalogues_can_be_met():
    assert set(ERROR_CODES) - set(PROBLEMS) - set(codes(*SERVICE)) == set()
    assert set(COMMAND_CODES) - set(codes("cli/")) == set()


def test_no_code_is_described_twice():
    words = [one.code for one in CATALOGUE]
    assert sorted(words) == sorted(ERROR_CODES)


def test_every_error_code_says_what_it_means_and_what_to_do():
    for one in ERROR_CODES.values():
        assert one.meaning.endswith("."), one.code
        assert one.remedy.endswith("."), one.code
        assert all(400 <= status < 600 for status in one.statuses), one.code
    assert all(meaning.endswith(".") for meaning in COMMAND_CODES.values())
