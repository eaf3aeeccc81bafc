"""The workflows: valid, pinned, with no more rights than they need, and each step one make verb."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from unc.aws.connection import ACCOUNT_VARIABLE
from unc.deploy.parameters import VARIABLES

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
TOOLS = Path(sys.executable).parent
# A commit, and beside it the version that it is.
PINNED = re.compile(r"uses: [\w./-]+@[0-9a-f]{40} # v\d+(\.\d+)*\n")
OTHER_SECRETS = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}


def _read(name: str) -> dict[str, Any]:
    workflow: dict[str, Any] = yaml.safe_load(
        (ROOT / ".github" / "workflows" / name).read_text().replace("\non:\n", "\n'on':\n")
    )
    return workflow


def _jobs(path: Path) -> dict[str, dict[str, Any]]:
    jobs: dict[str, dict[str, Any]] = _read(path.name)["jobs"]
    return jobs


def _steps(path: Path) -> list[dict[str, Any]]:
    return [step for job in _jobs(path).values() for step in job["steps"]]


def _run(*command: str) -> None:
    ran = subprocess.run(
        [str(TOOLS / command[0]), *command[1:], *map(str, WORKFLOWS)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_there_are_three() -> None:
    assert [path.name for path in WORKFLOWS] == ["ci.yml", "deploy.yml", "release.yml"]


def test_github_s_own_schema_accepts_them() -> None:
    _run("check-jsonschema", "--builtin-schema", "vendor.github-workflows")


def test_zizmor_finds_nothing_to_object_to() -> None:
    _run("zizmor", "--offline", "--no-progress", "--persona", "pedantic")


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_no_finding_is_switched_off(path: Path) -> None:
    assert "zizmor:" not in path.read_text()


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_every_action_is_a_commit_with_its_version(path: Path) -> None:
    used = [line for line in path.read_text().splitlines(keepends=True) if "uses:" in line]
    assert used
    assert [line for line in used if not PINNED.search(line)] == []


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_every_step_is_one_make_verb(path: Path) -> None:
    verbs = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    ran = [step["run"] for step in _steps(path) if "run" in step]
    assert ran
    assert [command for command in ran if command.removeprefix("make ") not in verbs] == []


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_nothing_may_be_done_but_reading_the_code_and_asking_for_a_role(path: Path) -> None:
    assert _read(path.name)["permissions"] == {}
    for name, job in _jobs(path).items():
        if (path.name, name) != ("release.yml", "release"):
            assert job["permissions"].items() <= {"contents": "read", "id-token": "write"}.items()


def test_the_job_that_releases_may_write_the_release_and_its_attestation() -> None:
    jobs = _jobs(ROOT / "release.yml")
    release = jobs["release"]
    rights = {"contents": "write", "id-token": "write", "attestations": "write"}
    assert (release["permissions"], release["needs"]) == (rights, "check")
    assert [step["run"] for step in release["steps"] if "run" in step] == [
        "make release",
        "make publish",
    ]
    assert "make test" in [step.get("run") for step in jobs["check"]["steps"]]
    assert _read("release.yml")["on"] == {"push": {"tags": ["v*"]}}


def test_only_jobs_that_go_to_the_account_may_ask_for_a_role_or_see_a_secret() -> None:
    jobs = _jobs(ROOT / "deploy.yml")
    with_token = {name for name, job in jobs.items() if "id-token" in job["permissions"]}
    with_secrets = {name for name, job in jobs.items() if "secrets." in str(job)}
    assert with_token == with_secrets == {"diff", "deploy"}
    assert "secrets." not in (ROOT / ".github" / "workflows" / "ci.yml").read_text()


def test_these_are_the_secrets() -> None:
    text = (ROOT / ".github" / "workflows" / "deploy.yml").read_text()
    assert set(re.findall(r"secrets\.(\w+)", text)) == OTHER_SECRETS | {ACCOUNT_VARIABLE}


def test_the_settings_are_those_that_the_tool_reads() -> None:
    assert set(_read("deploy.yml")["env"]) == {"AWS_REGION", *VARIABLES}


def test_main_alone_is_deployed_and_only_when_the_checks_passed() -> None:
    job = _jobs(ROOT / "deploy.yml")["deploy"]
    assert "github.ref == 'refs/heads/main'" in job["if"]
    assert job["needs"] == "check"
    assert [step["run"] for step in job["steps"] if "run" in step] == ["make diff", "make deploy"]


def test_a_pull_request_shows_the_change_set_and_deploys_nothing() -> None:
    job = _jobs(ROOT / "deploy.yml")["diff"]
    assert "github.event_name == 'pull_request'" in job["if"]
    assert "head.repo.full_name == github.repository" in job["if"], "forks get no credentials"
    assert [step["run"] for step in job["steps"] if "run" in step] == ["make diff"]


def test_a_running_deployment_is_never_cut_off() -> None:
    concurrency = _read("deploy.yml")["concurrency"]
    assert concurrency["group"] == "deploy-${{ github.ref }}"
    assert concurrency["cancel-in-progress"] == "${{ github.event_name == 'pull_request' }}"


def test_ci_runs_every_python_that_is_promised() -> None:
    matrix = _jobs(ROOT / "ci.yml")["test"]["strategy"]["matrix"]["python"]
    assert matrix == ["3.11", "3.12", "3.13", "3.14"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["requires-python"] == f">={matrix[0]}"


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_no_job_hangs_for_ever(path: Path) -> None:
    assert all(0 < job["timeout-minutes"] <= 90 for job in _jobs(path).values())
