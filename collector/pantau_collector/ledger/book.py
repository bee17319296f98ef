"""Enters facts into the ledger's tables."""

from collections.abc import Sequence

from sqlalchemy import Connection

from pantau_collector.ledger import claims, rows, runs
from pantau_collector.ledger.claims import Claim
from pantau_collector.ledger.facts import DEVICE, MAX_DEVICES, Boot, Facts, SiteFacts, Subject
from pantau_collector.ledger.growth import Growth
from pantau_collector.ledger.runs import Run
from pantau_collector.ledger.spans import union


class Book:
    """The tables, and what of them is kept in memory: the newest claim and run of everything.

    Whatever is new usually follows the newest, and costs no reading. After a failed transaction a book is ahead of
    the tables, and must be opened again.
    """

    def __init__(self, connection: Connection, growth: Growth | None = None) -> None:
        """Open the book; `growth` limits what each site may add to it.

        Raises:
            StoreError: by the connection's transaction, if the store cannot be read.
        """
        self._subjects = rows.load_subjects(connection)
        self._next_subject = max(self._subjects.values(), default=0) + 1
        self._latest = rows.load_latest(connection)
        self._boots = rows.load_boots(connection)
        self._next_boot = max((number for number, _ in self._boots.values()), default=0) + 1
        self._newest_runs: dict[int, Run] = {}
        self._growth = growth or Growth()
        self._devices: dict[str, int] = {}
        for site, subject in self._subjects:
            self._devices[site] = self._devices.get(site, 0) + (subject.kind == DEVICE)

    def enter(self, connection: Connection, facts: Facts) -> None:
        """Enter facts, in a transaction of the caller's."""
        changed: dict[str, int] = {}
        entries = _Entries()
        self._growth.begin(facts.received_ms)
        for site, its in facts.sites.items():
            if not self._growth.may_grow(site):
                continue
            rows_before = entries.rows
            if since_ms := self._enter_site(connection, site, its, entries):
                changed[site] = since_ms
            self._growth.add(site, entries.rows - rows_before)
        rows.save_subjects(connection, entries.subjects)
        rows.save_claims(connection, entries.removed, entries.added)
        rows.save_latest(connection, entries.new, entries.longer)
        rows.save_boots(connection, entries.boots)
        rows.save_runs(connection, entries.removed_runs, entries.added_runs)
        rows.save_changes(connection, changed)
        if facts.attentive:
            first_ms = min(span.from_ms for span in facts.attentive)
            last_ms = max(span.to_ms for span in facts.attentive)
            before = rows.load_attention(connection, first_ms, last_ms)
            rows.save_attention(connection, before, union([*before, *facts.attentive]))

    def _enter_site(self, connection: Connection, site: str, facts: SiteFacts, entries: "_Entries") -> int:
        """Enter the facts about a site, and return since when something is known better, or 0."""
        since_ms = [self._enter_boot(connection, site, boot, facts, entries) for boot in facts.boots]
        for start in facts.starts.values():
            if self._growth.admits_boot(site):
                rows.save_start(connection, site, start)
                since_ms.append(start.before_ms or start.time_ms)
        for subject, its in facts.claims.items():
            number = self._number(site, subject, entries)
            if number is not None:
                new = claims.merge(its) if len(its) > 1 else its
                self._enter_claims(connection, number, new, entries)
                since_ms += [claim.from_ms for claim in new[:1]]
        return min((each for each in since_ms if each), default=0)

    def _number(self, site: str, subject: Subject, entries: "_Entries") -> int | None:
        """Return the number of a subject, a new one if it is new, or None if the site has too many devices."""
        number = self._subjects.get((site, subject))
        if number is None:
            devices = self._devices.get(site, 0)
            if subject.kind == DEVICE and devices >= MAX_DEVICES:
                return None
            self._devices[site] = devices + (subject.kind == DEVICE)
            number, self._next_subject = self._next_subject, self._next_subject + 1
            self._subjects[site, subject] = number
            entries.subjects.append(((site, subject), number))
        return number

    def _enter_boot(
        self, connection: Connection, site: str, name: str, facts: SiteFacts, entries: "_Entries"
    ) -> int:
        is_new = (site, name) not in self._boots
        if is_new:
            if not self._growth.admits_boot(site):
                return 0
            self._boots[site, name], self._next_boot = (self._next_boot, Boot()), self._next_boot + 1
        number, boot = self._boots[site, name]
        if boot.add(facts.boots[name]) or is_new:
            entries.boots.append(((site, name), (number, boot)))
        batches = facts.batches.get(name)
        if not batches:
            return max(boot.ended_ms, boot.undated_ms)
        newest = None if is_new else self._newest_runs.get(number) or rows.load_newest_run(connection, number)
        self._enter_batches(connection, number, newest, batches, entries)
        return min(batch.from_ms for batch in batches)

    def _enter_batches(
        self, connection: Connection, boot: int, newest: Run | None, batches: Sequence[Run], entries: "_Entries"
    ) -> None:
        first = min(batch.first_seq for batch in batches)
        before = [newest] if newest else []
        if newest is not None and first < newest.first_seq:
            before = rows.load_runs_around(connection, boot, first, max(batch.last_seq for batch in batches))
        after = runs.merge(before, batches)
        removed, added = rows.difference(before, after)
        entries.removed_runs += [(boot, run) for run in removed]
        entries.added_runs += [(boot, run) for run in added]
        self._newest_runs[boot] = max([*after, *([newest] if newest else [])], key=lambda run: run.last_seq)

    def _enter_claims(
        self, connection: Connection, subject: int, new: Sequence[Claim], entries: "_Entries"
    ) -> None:
        if not new:
            return
        latest = self._latest.get(subject)
        if latest is not None and len(new) == 1 and _only_lengthens(latest, new[0]):
            if new[0].to_ms > latest.to_ms:
                self._latest[subject] = Claim(latest.from_ms, new[0].to_ms, latest.condition)
                entries.longer.append((subject, self._latest[subject]))
            return
        before: list[Claim] = []  # of the claims that are not the newest, those that may change
        after = claims.merge([latest, *new] if latest else new)
        if latest is not None and (after[0].from_ms, after[0].condition) != (latest.from_ms, latest.condition):
            # It reaches back before the newest claim, or changes its beginning, where it may join the one before.
            first_ms, last_ms = min(new[0].from_ms, latest.from_ms), new[-1].to_ms
            before = rows.load_claims_around(connection, subject, first_ms, last_ms)
            after = claims.merge([*before, latest, *new])
        removed, added = rows.difference(before, after[:-1])
        entries.removed += [(subject, claim) for claim in removed]
        entries.added += [(subject, claim) for claim in added]
        self._latest[subject] = after[-1]
        if latest is None or latest._replace(to_ms=after[-1].to_ms) != after[-1]:
            entries.new.append((subject, after[-1]))
        elif latest != after[-1]:
            entries.longer.append((subject, after[-1]))


def _only_lengthens(latest: Claim, new: Claim) -> bool:
    """Return True if the new claim is that the newest condition goes on, as nearly all are."""
    return latest.condition == new.condition and latest.from_ms <= new.from_ms <= latest.to_ms


class _Entries:
    """The rows to write, collected so that each table is written in one go."""

    def __init__(self) -> None:
        self.subjects: list[tuple[rows.SubjectKey, int]] = []
        self.boots: list[tuple[rows.BootKey, tuple[int, Boot]]] = []
        self.removed: list[tuple[int, Claim]] = []
        self.added: list[tuple[int, Claim]] = []
        self.new: list[tuple[int, Claim]] = []
        self.longer: list[tuple[int, Claim]] = []
        self.removed_runs: list[tuple[int, Run]] = []
        self.added_runs: list[tuple[int, Run]] = []

    @property
    def rows(self) -> int:
        """Rows that they add, about."""
        return len(self.subjects) + len(self.boots) + len(self.added) + len(self.new) + len(self.added_runs)
