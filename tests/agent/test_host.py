from pathlib import Path

import pytest

from pantau_agent.host import Machine


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_this_machine_is_measured(tmp_path: Path) -> None:
    host = Machine(tmp_path).read(spool_batches=3, spool_mb=0.5)
    assert host.memory_used_pct is not None
    assert 0 < host.memory_used_pct <= 100
    assert host.disk_free_mb
    assert host.uptime_s
    assert host.agent_memory_mb
    assert host.agent_memory_mb > 5
    assert host.load_1m is not None
    assert (host.spool_batches, host.spool_mb) == (3, 0.5)


def test_on_a_machine_that_tells_nothing_all_is_absent_and_nothing_raises(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "no such disk", root=tmp_path)
    host = machine.read()
    assert (host.temperature_c, host.throttled, host.undervoltage, host.uptime_s) == (None, None, None, None)
    assert (host.disk_free_mb, host.disk_used_pct) == (None, None)
    assert machine.boot()
    assert machine.clock().source


@pytest.mark.parametrize(
    ("word", "throttled", "undervoltage"),
    [
        ("0", False, False),
        ("1", False, True),
        ("50000", True, True),  # since it was last read: undervoltage and throttled
        ("4", True, False),
        ("80008\n", True, False),  # the soft temperature limit, now and before
        ("garbage", None, None),
    ],
)
def test_a_raspberry_pi_tells_throttling_and_undervoltage(
    tmp_path: Path, word: str, throttled: bool | None, undervoltage: bool | None
) -> None:
    write(tmp_path, {"sys/devices/platform/soc/soc:firmware/get_throttled": word})
    host = Machine(tmp_path, root=tmp_path).read()
    assert (host.throttled, host.undervoltage) == (throttled, undervoltage)


def test_where_the_firmware_is_silent_the_voltage_sensor_is_asked(tmp_path: Path) -> None:
    write(tmp_path, {"sys/class/hwmon/hwmon1/name": "rpi_volt\n", "sys/class/hwmon/hwmon1/in0_lcrit_alarm": "1\n"})
    assert Machine(tmp_path, root=tmp_path).read().undervoltage is True


def test_the_temperature_is_the_processors_where_a_zone_is_named_so(tmp_path: Path) -> None:
    zones = "sys/class/thermal/thermal_zone"
    write(tmp_path, {f"{zones}0/type": "gpu-thermal\n", f"{zones}0/temp": "71000\n"})
    assert Machine(tmp_path, root=tmp_path).read().temperature_c == 71
    write(tmp_path, {f"{zones}1/type": "cpu-thermal\n", f"{zones}1/temp": "52301\n"})
    write(tmp_path, {f"{zones}2/type": "cpu-broken\n", f"{zones}2/temp": "\n"})
    assert Machine(tmp_path, root=tmp_path).read().temperature_c == 52.301


def test_timesyncd_is_believed_before_the_kernel(tmp_path: Path) -> None:
    machine = Machine(tmp_path, root=tmp_path)
    assert machine.clock().source in {"the kernel", "nobody"}
    write(tmp_path, {"run/systemd/timesync/synchronized": ""})
    assert (machine.clock().synchronised, machine.clock().source) == (True, "systemd-timesyncd")


def test_the_boots_id_is_the_kernels_and_stays(tmp_path: Path) -> None:
    write(tmp_path, {"proc/sys/kernel/random/boot_id": "469e1893-d9e6\n"})
    assert Machine(tmp_path, root=tmp_path).boot() == "469e1893-d9e6"
