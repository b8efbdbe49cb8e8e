"""What is in deploy/ for Prometheus and Grafana: it works, it speaks our words, it names what exists."""

import json
import re
import shlex

from eliza_cloud.core.problems import LASTING, PROBLEMS, Severity
from eliza_cloud.ops.metrics.service import Metrics
from tests.metrics.numbers import SERIES
from tests.metrics.promtool import DEPLOY, RULES, promtool, run_tests
from tests.metrics.rules import CALM, STORIES, expected, names, series, written
from tests.routing.conftest import log, serve, service  # noqa: F401 - fixtures

DASHBOARD = json.loads((DEPLOY / "grafana-dashboard.json").read_text())
#: What health shows as a note, which calls for nobody; and what it never shows, because doctor finds it.
NOTES = {"not_signed_in", "start_under_way", "credits_below_minimum", "clock_jumped"}
DOCTORS = {
    "already_running",
    "port_taken",
    "service_not_running",
    "service_unresponsive",
    "state_dir_permissions",
    "version_differs",
}
#: What the service itself repairs, or nobody need get up for: two and a half minutes of it are no alert.
PASSING = {
    "agent_not_ready", "agent_unreachable", "provisioning_worker_down", "backup_refused",
    "cloud_server_error", "cloud_name_not_found", "cloud_unreachable",
    "credits_low", "key_expiring", "settings_invalid", "settings_unknown",
}  # fmt: skip


def panels():
    return [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]


def expressions():
    """Every PromQL expression of the dashboard, with Grafana's variables filled in."""
    found = [target["expr"] for panel in panels() for target in panel["targets"]]
    found += [one["expr"] for one in DASHBOARD["annotations"]["list"] if "expr" in one]
    return [
        expr.replace("$__rate_interval", "1m").replace("$__interval", "1m").replace("$instance", ".*")
        for expr in found
    ]


def cause_rules():
    """The rules that are about one code of the catalogue, by that code."""
    text = RULES.read_text()
    found = re.findall(
        r'- alert: ElizaCloud(\w+)\n\s+expr: eliza_cloud_health_item{code="(\w+)"} == 1\n', text
    )
    return {code: rule for rule, code in found}


def test_every_cause_that_calls_for_somebody_is_an_alert_in_its_own_words():
    rules = cause_rules()
    assert set(rules) == set(LASTING) - NOTES - DOCTORS
    for code, rule in rules.items():
        cause = PROBLEMS[code]
        assert (written(rule, "summary"), written(rule, "remedy")) == (cause.title, cause.remedy)
        assert (written(rule, "severity") == "critical") == (cause.severity is Severity.ERROR)
    for rule, code in (
        ("ServiceDown", "service_not_running"),
        ("ConsumerStopped", "service_unresponsive"),
        ("QueueStuck", "service_unresponsive"),
        ("CreditsRunOut", "credits_low"),
        ("CloudCallsFail", "cloud_server_error"),
        ("EventsLost", "disk_full"),
    ):
        assert written(rule, "remedy") == PROBLEMS[code].remedy


def test_every_alert_says_what_to_do_and_which_command_to_begin_with():
    assert len(names()) == len(set(names())) > 30
    for rule in names():
        assert written(rule, "severity") in {"critical", "warning"}
        assert all(written(rule, member).endswith(".") for member in ("summary", "remedy"))
        assert shlex.split(written(rule, "runbook"))[0] == "eliza-cloud"


def test_the_rules_are_in_order(figure):
    assert f"{len(names())} rules found" in promtool("check", "rules", str(RULES), figure=figure)


def test_the_example_configuration_is_in_order(figure):
    path = str(DEPLOY / "prometheus.example.yml")
    assert "SUCCESS" in promtool("check", "config", "--syntax-only", path, figure=figure)


def test_nothing_fires_while_all_is_well(tmp_path, figure):
    quiet = {"expr": 'ALERTS{alertname=~".+"}', "exp_samples": []}
    tests = [
        {
            "interval": "15s",
            "input_series": [
                *({"series": name, "values": values} for name, values in CALM.items()),
                *({"series": item(code), "values": "0x200"} for code in LASTING),
            ],
            "promql_expr_test": [{**quiet, "eval_time": f"{minute}m"} for minute in range(0, 50, 5)],
        }
    ]
    run_tests(tmp_path, tests, figure)


def test_each_trend_is_told_from_the_calm(tmp_path, figure):
    assert {story.alert for story in STORIES} == set(names()) - set(cause_rules().values())
    tests = []
    for story in STORIES:
        rule = f"ElizaCloud{story.alert}"
        alerts = [
            {
                "eval_time": story.at,
                "alertname": rule,
                "exp_alerts": [expected(story.alert, story.labels, story.summary)],
            }
        ]
        if story.quiet_at is not None:
            alerts.append({"eval_time": story.quiet_at, "alertname": rule, "exp_alerts": []})
        others = f'count(ALERTS{{alertname!="{rule}",alertstate="firing"}})'
        tests.append(
            {
                "interval": "15s",
                "input_series": [
                    {"series": name, "values": values} for name, values in {**CALM, **story.other}.items()
                ],
                "alert_rule_test": alerts,
                "promql_expr_test": [{"expr": others, "eval_time": story.at, "exp_samples": []}],
            }
        )
    run_tests(tmp_path, tests, figure)


def test_each_trouble_that_lasts_is_an_alert_and_one_that_passes_is_none(tmp_path, figure):
    tests = []
    for code, rule in cause_rules().items():
        labels = {"code": code, "severity": written(rule, "severity")}
        tests.append(
            {
                "interval": "15s",
                "input_series": [{"series": item(code), "values": "0x10 1x10 0x10 1x60"}],
                "alert_rule_test": [
                    {
                        "eval_time": "15m",
                        "alertname": f"ElizaCloud{rule}",
                        "exp_alerts": [expected(rule, labels, None)],
                    },
                    {"eval_time": "2m", "alertname": f"ElizaCloud{rule}", "exp_alerts": []},
                    {"eval_time": "7m", "alertname": f"ElizaCloud{rule}", "exp_alerts": []},
                    {
                        "eval_time": "5m",
                        "alertname": f"ElizaCloud{rule}",
                        "exp_alerts": [] if code in PASSING else [expected(rule, labels, None)],
                    },
                ],
            }
        )
    run_tests(tmp_path, tests, figure)


def item(code):
    return series("eliza_cloud_health_item", code=code, severity=PROBLEMS[code].severity.value)


def test_rules_and_dashboard_name_only_metrics_that_exist():
    for text in [RULES.read_text(), *expressions()]:
        named = set(re.findall(r"\b(?:eliza_cloud|process)_\w+", text))
        assert named <= set(SERIES), named - set(SERIES)


def test_rules_and_dashboard_select_by_labels_that_exist():
    for text in [RULES.read_text(), *expressions()]:
        for name, selectors in re.findall(r"\b((?:eliza_cloud|process)_\w+){([^}]*)}", text):
            used = set(re.findall(r"(\w+)\s*[=!]", re.sub(r'"[^"]*"', '""', selectors)))
            assert used <= {*SERIES[name].labels, "job", "instance"}, (name, used)


def test_every_expression_of_the_dashboard_can_be_parsed(tmp_path, figure):
    rules = [{"record": f"panel:{number}", "expr": expr} for number, expr in enumerate(expressions())]
    path = tmp_path / "dashboard.yml"
    path.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))
    assert f"{len(rules)} rules found" in promtool("check", "rules", str(path), figure=figure)


def test_the_dashboard_shows_every_metric_but_the_few_that_say_nothing_by_themselves():
    shown = {name for expr in expressions() for name in re.findall(r"\b(?:eliza_cloud|process)_\w+", expr)}
    missing = {metric.name for name, metric in SERIES.items()} - {SERIES[name].name for name in shown}
    assert missing == {
        "eliza_cloud_consumer_running",
        "eliza_cloud_heartbeat_interval_seconds",
        "eliza_cloud_key_expires_timestamp_seconds",
        "eliza_cloud_last_backup_timestamp_seconds",
    }


def test_the_dashboard_fits_together():
    assert [panel["title"] for panel in DASHBOARD["panels"] if panel["type"] == "row"] == [
        "Link", "Heartbeats", "Backups", "Credits", "API", "Eliza Cloud", "Internals",
    ]  # fmt: skip
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(ids) == len(set(ids))
    taken = set()
    for panel in DASHBOARD["panels"]:
        grid = panel["gridPos"]
        assert grid["x"] + grid["w"] <= 24
        cells = {
            (x, y)
            for x in range(grid["x"], grid["x"] + grid["w"])
            for y in range(grid["y"], grid["y"] + grid["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells
    for panel in panels():
        assert panel["description"].endswith(".")
        for target in panel["targets"]:
            assert (
                panel["datasource"] == target["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
            )
    assert {one["name"] for one in DASHBOARD["templating"]["list"]} == {"datasource", "instance"}


async def test_a_real_scrape_is_to_promtools_taste(service, figure):  # noqa: F811 - a fixture
    await service.ask("GET", "/api/cloud/status")
    scraped = await (await service.call("GET", "/metrics")).text()
    assert promtool("check", "metrics", given=scraped, figure=figure) == ""


def test_a_service_that_was_never_linked_is_to_promtools_taste_too(figure):
    assert promtool("check", "metrics", given=Metrics().exposition()[0].decode(), figure=figure) == ""
