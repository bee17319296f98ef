"""`pantau-collector simulate`: runs a scenario in virtual time, and prints who would be notified."""

from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from pantau_collector.commands.output import TextTable, print_json, print_table, say
from pantau_collector.config import load
from pantau_collector.inventory import load_inventory
from pantau_collector.notices.recipients import Recipient
from pantau_collector.notices.subject import subject_of
from pantau_collector.simulation import Outcome, load_scenario, simulate, with_configuration
from pantau_collector.simulation.sent_letters import SentLetter, count_letters
from pantau_collector.simulation.span import span
from pantau_contract.words import words
from pantau_service.settings import ConfigError

EXIT_DIFFERENT = 1
EXIT_USAGE = 2


def simulate_command(
    file: Annotated[Path, typer.Argument(help="The scenario: a site map, and what happens when.")],
    config: Annotated[
        Path | None, typer.Option(help="A collector's configuration: its inventory, people and rules.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the notices as JSON.")] = False,
) -> None:
    """Run a scenario in virtual time, and print who would be notified of what, and when. Nothing is sent.

    What the scenario does not say itself (site map, recipients, rules) is taken from the configuration, if one is
    given. So rules can be tried before they are trusted.

    Exit status: 0 it is as the scenario wants it, or that wants nothing; 1 it is not; 2 a file is wrong.

    Example: pantau-collector simulate power-cut.toml --config /etc/pantau/collector.toml
    """
    try:
        settings = load(config) if config else None
        known = load_inventory(settings.inventory) if settings else None
        scenario, inventory = load_scenario(file, known)
    except ConfigError as error:
        say(*error.problems, colour="red", err=True)
        raise typer.Exit(EXIT_USAGE) from None
    if settings is not None:
        scenario = with_configuration(scenario, settings)
    outcome = simulate(scenario, inventory)
    recipients = {recipient.id: recipient for recipient in scenario.recipient}
    if as_json:
        print_json(_as_json(outcome, recipients))
    else:
        _print(outcome, recipients)
    if outcome.differences:
        raise typer.Exit(EXIT_DIFFERENT)


def _as_json(outcome: Outcome, recipients: dict[str, Recipient]) -> dict[str, object]:
    return {
        "messages": [
            {
                "at_s": letter.s,
                "to": letter.to,
                "form": letter.letter.form,
                "subject": _subject(letter, recipients[letter.to]),
                "notices": [
                    {
                        "kind": notice.kind,
                        "about": about,
                        "cause": notice.cause,
                        "cameras": [f"{camera.site or notice.site}/{camera.id}" for camera in notice.cameras],
                    }
                    for notice, about in letter.notices
                ],
            }
            for letter in outcome.sent
        ],
        "count": dict(count_letters(outcome.sent)),
        "differences": outcome.differences,
    }


def _print(outcome: Outcome, recipients: dict[str, Recipient]) -> None:
    table = TextTable("at", "to", "notices", "subject", box=None, pad_edge=False)
    for letter in outcome.sent:
        table.add_row(
            span(letter.s), letter.to, str(len(letter.letter.notices)), _subject(letter, recipients[letter.to])
        )
    print_table(table)
    for recipient in recipients:
        say(f"messages to {recipient}: {count_letters(outcome.sent).get(recipient, 0)}")
    say(*outcome.differences, colour="red")


def _subject(letter: SentLetter, recipient: Recipient) -> str:
    return subject_of(letter.letter, words(recipient.language), ZoneInfo(recipient.timezone))
