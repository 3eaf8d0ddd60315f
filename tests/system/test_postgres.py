"""The PostgreSQL store on a real server: exactly once whatever happens to connections, servers and other agents."""
import json
import os
import re
import signal
import subprocess

import pytest

from conftest import LEEWAY
from postgres import (DEADLINE, PASSWORD, PROBE, PROGRAMS, Pooler, Proxy, database, migrate, postgres,  # noqa: F401
                      probe, server, until)

SUMS = ("select (select coalesce(sum(next_offset - start_offset), 0) from leeway.partition_state),"
        " (select coalesce(sum(records), 0) from leeway.ledger), (select coalesce(sum(row_count), 0) from leeway.pane_delta)")


def sums(one):
    """Offsets, dispositions, rows counted."""
    return [int(n) for n in one.value(SUMS).split("|")]


# ---- the contract

def test_contract(server):
    """Every test of the store's contract that SQLite passes."""
    url = server.uri("DATABASE", "postgres", tcp=False)
    done = subprocess.run([PROGRAMS / "integration_store", "-j2", "--color=never"], env={**os.environ, "LEEWAY_TEST_POSTGRES": url},
                          capture_output=True, text=True, check=False, timeout=300)
    numbers = re.search(r"Tested: (\d+) \| Passing: (\d+) \| Failing: (\d+) \| Crashing: (\d+)", done.stdout + done.stderr)
    assert numbers, done.stdout + done.stderr
    tested, passing, failing, crashing = map(int, numbers.groups())
    assert tested > 60 and passing == tested and not failing and not crashing, done.stdout + done.stderr


# ---- several agents

def test_two_agents_one_partition(postgres, probe):
    first, second = probe(postgres.url(), "first"), probe(postgres.url(), "second")
    assert first.ask("take", "t", 0) == "take done 1 0"
    assert first.ask("commit", "t", 0, 1, 0, 5, 10).startswith("commit done")
    assert second.ask("take", "t", 0) == "take done 2 5"
    assert first.ask("commit", "t", 0, 1, 5, 5, 10).startswith("commit fenced t/0 has another owner")
    assert second.ask("commit", "t", 0, 2, 5, 7, 10).startswith("commit done")
    assert sums(postgres) == [12, 12, 12]
    assert postgres.value("select owner from leeway.partition_state") == "second"


def test_eight_writers_sixteen_partitions(postgres):
    writers = [subprocess.Popen([PROBE, postgres.url(), f"w{i}", "write", "60"], stdout=subprocess.PIPE, text=True)
               for i in range(8)]
    fenced = 0
    for writer in writers:
        out, _ = writer.communicate(timeout=DEADLINE)
        assert writer.returncode == 0, out
        fenced += int(out.split()[2])
    offsets, records, rows = sums(postgres)
    assert offsets == records == rows > 0 and fenced > 0
    assert int(postgres.value("select count(*) from leeway.pane_delta")) == 8 * 60 - fenced


def test_a_delta_that_becomes_visible_late_is_not_deleted(postgres, probe):
    """Ids grow in the order of insertion, not of commit: a reading's mark is what was read, and no bound."""
    judge, agent = probe(postgres.url(), "judge"), probe(postgres.url(), "agent")
    assert agent.ask("take", "t", 0) == "take done 1 0"
    slow = subprocess.Popen(["psql", "-XAtq", postgres.server.uri(postgres.name, "postgres", tcp=False)], stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, text=True)
    slow.stdin.write("begin; insert into leeway.pane_delta (monitor, version, generation, start_ms, pane_ms, row_count, counts,"
                     " agent) values ('m', '1', 'g', 0, 10, 99, 'slow', 'slow') returning 'inserted';\n")
    slow.stdin.flush()
    assert slow.stdout.readline() == "inserted\n"
    assert agent.ask("commit", "t", 0, 1, 0, 5, 10).startswith("commit done")
    assert judge.ask("deltas", "m") == "deltas done 0:5 "
    slow.communicate("commit;\n")
    assert judge.ask("judged", "m", "none", 10, 1).startswith("judged done")
    assert judge.ask("deltas", "m") == "deltas done 0:99 ", "came since, was not in the sum"


def test_two_judges_write_once(postgres, probe):
    first, second = probe(postgres.url(), "first"), probe(postgres.url(), "second")
    assert first.ask("judged", "m", "none", 10, 1).startswith("judged done")
    assert second.ask("judged", "m", "none", 10, 1).startswith("judged fenced m is no longer judged")
    assert second.ask("load", "m") == "load done 10"
    assert postgres.value("select count(*), max(revision) from leeway.pane") == "1|1"


def test_claims_and_receivers_belong_to_one_agent(postgres, probe):
    first, second = probe(postgres.url(), "first"), probe(postgres.url(), "second")
    assert first.ask("claim", "m", 60000) == "claim done given"
    assert second.ask("claim", "m", 60000) == "claim done refused"
    assert first.ask("claim", "m", 0) == "claim done given", "given back"
    assert second.ask("claim", "m", 60000) == "claim done given"
    assert first.ask("message", "oncall", "i1").startswith("message done")
    assert first.ask("due") == "due done oncall:i1 "
    assert second.ask("due") == "due done ", "the receiver is the first one's"
    postgres.psql("update leeway.claim set claimed_until = now() where kind = 'receiver'")
    assert second.ask("due") == "due done oncall:i1 "


# ---- connections that end in the middle

@pytest.mark.parametrize("when", ["before", "after"])
def test_commit_in_doubt(postgres, probe, when):
    proxy = Proxy(postgres.server.port)
    agent = probe(postgres.url(port=proxy.port))
    assert agent.ask("take", "t", 0) == "take done 1 0"
    offset = 0
    for size in (10, 3_000_000):
        proxy.cut = when
        assert agent.ask("commit", "t", 0, 1, offset, 5, size).startswith("commit done"), agent.errors
        offset += 5
        assert sums(postgres) == [offset] * 3
    assert proxy.cuts == 2
    assert agent.state() == "ok"
    proxy.close()


@pytest.mark.parametrize("when", ["before", "after"])
def test_commit_in_doubt_and_somebody_else_took_over(postgres, probe, when):
    proxy = Proxy(postgres.server.port)
    agent, other = probe(postgres.url(port=proxy.port)), probe(postgres.url(), "other")
    assert agent.ask("take", "t", 0) == "take done 1 0"
    proxy.cut, proxy.hold = when, True
    agent.send("commit", "t", 0, 1, 0, 5, 10)
    until(lambda: proxy.cuts, "the cut")
    kept = 5 if when == "after" else 0
    until(lambda: sums(postgres)[0] == kept, "what the server made of it")
    assert other.ask("take", "t", 0) == f"take done 2 {kept}"
    proxy.hold = False
    assert agent.answer().startswith("commit fenced")
    assert sums(postgres) == [kept] * 3
    proxy.close()


WAITING = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"


@pytest.mark.parametrize("lock", ["lock leeway.ledger", "select from leeway.ledger for update"], ids=["not begun", "half done"])
def test_commit_in_doubt_while_the_server_is_still_at_it(postgres, probe, lock):
    """The old connection's transaction waits for a lock. If it holds the partition already, the question waits for it in turn;
    if it does not, the commit is sent again, and the first sending is found to have been faster."""
    proxy = Proxy(postgres.server.port)
    agent = probe(postgres.url(port=proxy.port))
    assert agent.ask("take", "t", 0) == "take done 1 0"
    assert agent.ask("commit", "t", 0, 1, 0, 5, 10).startswith("commit done")
    other = subprocess.Popen(["psql", "-XAtq", postgres.server.uri(postgres.name, "postgres", tcp=False)], stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, text=True)
    other.stdin.write(f"begin; {lock}; select 'locked';\n")
    other.stdin.flush()
    until(lambda: other.stdout.readline() == "locked\n", "the lock")
    agent.send("commit", "t", 0, 1, 5, 5, 10)
    until(lambda: int(postgres.value(WAITING)) == 1, "the commit waits")
    proxy.sever()  # the backend does not see it before it has something to say
    until(lambda: int(postgres.value(WAITING)) == 2, "the second one waits behind it")
    other.communicate("commit;\n")
    assert agent.answer().startswith("commit done")
    assert sums(postgres) == [10, 10, 10]
    proxy.close()


def test_judged_in_doubt_is_unavailable(postgres, probe):
    proxy = Proxy(postgres.server.port)
    proxy.marker = b"judge_state as s"
    agent = probe(postgres.url(port=proxy.port))
    for position, when in ((10, "before"), (20, "after")):
        old = agent.ask("load", "m").split()[2]
        old = "none" if int(old) < 0 else old
        proxy.cut = when
        assert agent.ask("judged", "m", old, position, 0).startswith("judged unavailable")
    assert agent.ask("load", "m") == "load done 20", "the second had been written"
    proxy.close()


def test_reading_goes_on_after_a_cut(postgres, probe):
    proxy = Proxy(postgres.server.port)
    proxy.marker = b"from leeway.judge_state where monitor"
    agent = probe(postgres.url(port=proxy.port))
    for when in ("before", "after"):
        proxy.cut = when
        assert agent.ask("load", "m") == "load done -9223372036854775808"
    assert proxy.cuts == 2
    proxy.close()


# ---- servers that go away

@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGQUIT], ids=["restart", "crash"])
def test_server_restarts_in_the_middle(postgres, probe, number):
    agent = probe(postgres.url())
    assert agent.ask("take", "t", 0) == "take done 1 0"
    postgres.server.stop(number)
    answer = agent.ask("commit", "t", 0, 1, 0, 5, 10)
    assert answer.startswith("commit unavailable could not commit counts: database: "), answer
    assert agent.state() in ("database: connection refused", "database: the connection was lost")
    agent.send("commit", "t", 0, 1, 0, 5, 10)
    postgres.server.start()
    answer = agent.answer()
    while answer.startswith("commit unavailable"):
        answer = agent.ask("commit", "t", 0, 1, 0, 5, 10)
    assert answer.startswith("commit done")
    assert sums(postgres) == [5, 5, 5]
    assert agent.state() == "ok"
    assert any("database lost" in line for line in agent.errors) and any("database is back" in line for line in agent.errors)


def test_writers_while_the_server_crashes(postgres):
    writers = [subprocess.Popen([PROBE, postgres.url(), f"w{i}", "write", "150"], stdout=subprocess.PIPE, text=True)
               for i in range(4)]
    for number in (signal.SIGQUIT, signal.SIGINT):
        before = sums(postgres)[0]
        until(lambda: sums(postgres)[0] > before + 20 or all(w.poll() is not None for w in writers), "progress")
        postgres.server.stop(number)
        postgres.server.start()
    for writer in writers:
        out, _ = writer.communicate(timeout=DEADLINE)
        assert writer.returncode == 0, out
    offsets, records, rows = sums(postgres)
    assert offsets == records == rows > 0


def test_killed_sessions(postgres, probe):
    agent = probe(postgres.url())
    assert agent.ask("take", "t", 0) == "take done 1 0"
    for at in range(5):
        postgres.psql("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'leeway'")
        assert agent.ask("commit", "t", 0, 1, 5 * at, 5, 10).startswith("commit done")
    assert sums(postgres) == [25, 25, 25]


# ---- what somebody has to put right

def test_wrong_password_and_its_rotation(postgres, probe):
    postgres.password.write_text("wrong\n")
    agent = probe(postgres.url())
    answer = agent.ask("load", "m")
    assert answer.startswith("load unavailable could not read the judge's state: database: password authentication failed"), answer
    assert agent.state() == "database: password authentication failed"
    assert "wrong" not in answer + "".join(agent.errors) and "127.0.0.1" not in agent.state()
    postgres.password.write_text(PASSWORD + "\n")
    until(lambda: agent.ask("load", "m").startswith("load done"), "the new password is read")
    postgres.password.chmod(0o644)
    other = probe(postgres.url())
    assert "the password file cannot be used" in other.ask("load", "m")


def test_missing_schema_until_it_is_migrated(database, probe):
    agent = probe(database.url())
    answer = agent.ask("take", "t", 0)
    assert answer == ("take unavailable could not take over partitions: database: the tables of leeway are not there"
                      " | Run: leeway migrate")
    assert agent.state() == "database: the tables of leeway are not there"
    done = migrate(database.server.uri(database.name, "postgres", tcp=False), "leeway")
    assert done.returncode == 0 and "tables: version 0 -> " in done.stdout
    until(lambda: agent.ask("take", "t", 0).startswith("take done"), "it sees the tables without a restart")


@pytest.mark.parametrize("change,words", [(-1, "version 0, this program needs"), (2, "this program knows")])
def test_schema_of_another_version(postgres, probe, change, words):
    postgres.psql(f"update leeway.schema_version set version = version + {change}")
    agent = probe(postgres.url())
    assert words in agent.ask("load", "m") and words in agent.state()
    if change > 0:
        done = migrate(postgres.server.uri(postgres.name, "postgres", tcp=False))
        assert done.returncode == 1 and "this program knows" in done.stdout
    postgres.psql(f"update leeway.schema_version set version = version - {change}")
    until(lambda: agent.ask("load", "m").startswith("load done"), "it fits again")


def test_one_version_ahead_is_fine(postgres, probe):
    postgres.psql("insert into leeway.schema_version (version, program) select max(version) + 1, 'next' from leeway.schema_version")
    assert probe(postgres.url()).ask("load", "m").startswith("load done")


@pytest.mark.parametrize("url,words", [
    ("postgresql://a:canary@[bad", "is not a PostgreSQL URI"),
    ("postgresql://a:canary@db.example/x?sslmode=prefer", "do not protect"),
    ("postgresql://a@h/x?password_file=relative", "no absolute path"),
    ("postgresql://a:canary@h/x?password_file=/x", "a password and a password_file"),
    ("postgresql://a:canary@h/x?nonsense=1", "nonsense"),
])
def test_urls_that_are_refused(url, words):
    done = subprocess.run([PROBE, url, "a"], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == 1 and words in done.stdout
    assert "canary" not in done.stdout + done.stderr


def test_no_server_is_said_within_seconds(probe):
    agent = probe("postgresql://a@127.0.0.1:9/x")
    assert agent.ask("load", "m", seconds=20).startswith("load unavailable could not read the judge's state: database: ")
    named = probe("postgresql://a@name.invalid:9/x?sslmode=disable")
    named.send("load", "m")
    assert named.ask("state").startswith("state database: "), "the loop goes on while a name is looked up"
    assert "load unavailable" in named.answer(20)


# ---- bad data

def test_poison_is_stored_and_stops_nobody(postgres, probe):
    agent = probe(postgres.url())
    assert agent.ask("take", "t", 0) == "take done 1 0"
    assert agent.ask("poison", "t", 0, 1, 0).startswith("poison done")
    assert agent.ask("commit", "t", 0, 1, 1, 5, 10).startswith("commit done")
    assert postgres.value("select reason from leeway.quarantine") == "bad \ufffd\ufffd\ufffd\ufffd'\"\\\x01 byte"


# ---- roles

@pytest.mark.parametrize("sql", ["create table leeway.x ()", "create table x ()", "drop table leeway.verdict", "truncate leeway.verdict",
                                 "delete from leeway.audit", "update leeway.baseline set document = ''",
                                 "update leeway.schema_version set version = 9", "alter table leeway.pane add x integer"])
def test_the_agent_may_not(postgres, sql):
    with pytest.raises(RuntimeError, match="42501"):
        postgres.psql(sql, "leeway")


@pytest.mark.parametrize("sql", ["insert into leeway.claim values ('a', 'b', 'c', now())", "delete from leeway.verdict",
                                 "update leeway.incident set state = ''"])
def test_the_reader_may_only_read(postgres, sql):
    assert postgres.psql("select count(*) from leeway.verdict", "grafana") == ["0"]
    with pytest.raises(RuntimeError, match="42501"):
        postgres.psql(sql, "grafana")


def test_migrating_twice_and_at_once(database):
    url = database.server.uri(database.name, "postgres", tcp=False)
    both = [subprocess.Popen([PROBE, url, "-", "migrate", "leeway"], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    outs = [one.communicate(timeout=DEADLINE)[0] for one in both]
    assert [one.returncode for one in both] == [0, 0], outs
    assert sorted("nothing to do" in out for out in outs) == [False, True], outs
    assert database.value("select count(*) from leeway.schema_version") == "1"


def test_migrating_without_the_right_to_make_roles(database):
    server = database.server
    server.psql(f"create role plain_{database.name} login; grant create on database {database.name} to plain_{database.name}")
    server.psql("alter role leeway_owner rename to hidden_owner")
    try:
        done = migrate(server.uri(database.name, f"plain_{database.name}", tcp=False))
        assert done.returncode == 0 and "roles are missing" in done.stdout, done.stdout
    finally:
        server.psql("alter role hidden_owner rename to leeway_owner")
    assert database.value("select pg_get_userbyid(nspowner) from pg_namespace where nspname = 'leeway'") == f"plain_{database.name}"


def test_migrating_nowhere(database):
    done = migrate("postgresql://postgres@127.0.0.1:9/x")
    assert done.returncode == 1 and done.stdout == "database: connection refused"
    done = migrate(database.server.uri(database.name, "postgres", tcp=False), "nobody_of_that_name")
    assert done.returncode == 1 and done.stdout == "there is no role nobody_of_that_name"
    assert database.psql("select 1 from pg_namespace where nspname = 'leeway'") == [], "nothing stays"


# ---- a pooler in transaction mode

def test_behind_a_pooler(postgres, probe):
    """Two server connections for three agents, another one for each transaction."""
    pooler = Pooler(postgres.server)
    agents = [probe(postgres.url(port=pooler.port), f"a{i}") for i in range(3)]
    for at, agent in enumerate(agents):
        assert agent.ask("take", "t", at) == "take done 1 0"
    for turn in range(10):
        for at, agent in enumerate(agents):
            for step in range(3):  # under way at once
                agent.send("commit", "t", at, 1, 15 * turn + 5 * step, 5, 1000)
        for agent in agents:
            assert [agent.answer()[:11] for _ in range(3)] == ["commit done"] * 3
    assert sums(postgres) == [450, 450, 450]
    assert postgres.psql("select distinct setting from pg_settings where name = 'lock_timeout'") == ["0"]
    leaked = subprocess.run(["psql", "-XAtqc", "show lock_timeout", f"postgresql://leeway@127.0.0.1:{pooler.port}/{postgres.name}"],
                            env={**os.environ, "PGPASSWORD": PASSWORD}, capture_output=True, text=True, check=False)
    assert leaked.stdout == "0\n", "nothing of ours stays in the session"
    pooler.close()


# ---- reading does not grow with history

def test_latest_is_a_look_up(postgres, probe):
    postgres.psql("""insert into leeway.verdict (id, monitor, version, segment, field, generation, window_ms, window_start, window_end, n,
        baseline_n, state, severity, significant, provisional, detail, document)
        select i, 'm', '1', '', 'f' || i % 5, 'g', 1000, leeway.time_of(i), leeway.time_of(i + 1000), 1, 1, 'ok', '', false, false, '', ''
        from generate_series(1, 20000) as i""")
    postgres.psql("vacuum analyze leeway.verdict")
    agent = probe(postgres.url(), "reader")
    agent.ask("load", "m")
    read = ("select coalesce(sum(seq_tup_read), 0) + coalesce(sum(idx_tup_fetch), 0) from pg_stat_user_tables"
            " where schemaname = 'leeway' and relname = 'verdict'")
    before = int(postgres.value(read))
    assert sorted(agent.ask("latest", "m").split()[2:]) == ["19996", "19997", "19998", "19999", "20000"]
    agent.process.stdin.close()  # a session that ends has told its numbers
    agent.process.wait(DEADLINE)
    until(lambda: int(postgres.value(read)) > before, "the server's statistics")
    assert int(postgres.value(read)) - before < 100


def test_pruning_goes_in_portions(postgres, probe):
    postgres.psql("""insert into leeway.verdict (id, monitor, version, segment, field, generation, window_ms, window_start, window_end, n,
        baseline_n, state, severity, significant, provisional, detail, document)
        select i, 'm', '1', '', 'f', 'g', 1, leeway.time_of(i), leeway.time_of(i), 1, 1, 'ok', '', false, false, '', ''
        from generate_series(1, 12000) as i""")
    postgres.psql("insert into leeway.window_histogram select sequence, '[]' from leeway.verdict")
    agent = probe(postgres.url())
    assert agent.ask("prune", 11990).startswith("prune done")
    assert postgres.value("select count(*), min(id::integer) from leeway.verdict") == "11|11990"
    assert postgres.value("select count(*) from leeway.window_histogram") == "11"


def test_frequent_updates_stay_in_their_page(postgres):
    done = subprocess.run([PROBE, postgres.url(), "a", "write", "300"], capture_output=True, text=True, check=False, timeout=DEADLINE)
    assert done.returncode == 0
    share = ("select sum(n_tup_hot_upd) * 100 / greatest(sum(n_tup_upd), 1) from pg_stat_user_tables"
             " where schemaname = 'leeway' and relname in ('partition_state', 'ledger')")
    until(lambda: postgres.value(share) != "" and int(float(postgres.value(share))) > 90, "HOT updates", 20)


# ---- the command

def leeway(*arguments, **options):
    return subprocess.run([LEEWAY, *map(str, arguments)], capture_output=True, text=True, check=False, timeout=DEADLINE, **options)


def test_leeway_migrate(database):
    url = database.server.uri(database.name, "postgres", tcp=False)
    done = leeway("migrate", "--store", url, "--agent", "leeway", "--reader", "grafana")
    assert done.returncode == 0, done.stderr
    assert "tables: version 0 -> " in done.stdout and "leeway is a member of leeway_agent" in done.stdout
    again = leeway("migrate", "--store", url)
    assert again.returncode == 0 and "nothing to do" in again.stdout
    assert database.psql("select count(*) from leeway.verdict", "grafana") == ["0"]


def test_leeway_migrate_takes_no_password_as_an_argument():
    for url in ("postgresql://u:canary@h/x", "postgresql://u@h/x?password=canary", "postgresql://h/x?user=u&password=canary"):
        done = leeway("migrate", "--store", url)
        assert done.returncode == 2 and "canary" not in done.stdout + done.stderr
    done = leeway("migrate", "--store", "sqlite:x.db")
    assert done.returncode == 0 and "nothing to do" in done.stdout


def test_commands_on_a_store_without_tables(database, tmp_path):
    (tmp_path / "leeway.yaml").write_text(json.dumps({"store": database.url(), "monitors": [
        {"monitor": "m", "topics": ["t"], "event": {"time": "/ts"}, "features": "/f/*", "baseline": "m"}]}))
    done = leeway("baseline", "list", "--config", "leeway.yaml", cwd=tmp_path)
    assert done.returncode == 1 and "the tables of leeway are not there" in done.stderr and "leeway migrate" in done.stderr
    assert PASSWORD not in done.stderr
