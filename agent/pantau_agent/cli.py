"""The command `pantau-agent`."""

import typer

from pantau_agent.commands import accept, check, discover, doctor, picture, probe, run, sheet, status
from pantau_service import version_option

app = typer.Typer(
    name="pantau-agent",
    help="Watches the cameras of one site and reports them to the collector.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)
app.callback()(version_option.accept_version)
app.command(epilog=run.EPILOG)(run.run)
app.command(epilog=check.EPILOG)(check.check)
app.command(epilog=discover.EPILOG)(discover.discover)
app.command(epilog=doctor.EPILOG)(doctor.doctor)
app.command(epilog=status.EPILOG)(status.status)
app.command(epilog=sheet.EPILOG)(sheet.sheet)
app.add_typer(picture.app)
app.command("accept-certificate", epilog=accept.CERTIFICATE_EPILOG)(accept.accept_certificate)
app.command("accept-login", epilog=accept.LOGIN_EPILOG)(accept.accept_login)
app.command(epilog=probe.EPILOG, cls=probe.ProbeCommand)(probe.probe)
