"""`pantau-collector renew-secret`: makes the links in all notices sent so far invalid."""

from pantau_collector.commands.opening import (
    DEFAULT_CONFIG,
    AsJson,
    ConfigPath,
    open_config,
    open_store,
)
from pantau_collector.commands.output import print_json, say
from pantau_collector.store import secret_rows


def renew_secret_command(config: ConfigPath = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """Renew the secret that signs the links in notices, by which an outage is acknowledged without a login.

    Do so when a stranger may have seen the collector's state, or a backup with secrets, and when somebody who got
    notices must not acknowledge outages any more. Links in notices sent so far stop working at once; the next
    notice of an outage has one that works. A collector that runs need not be restarted.

    Exit status: 0 it is renewed; 1 the state cannot be written; 2 the configuration is wrong.

    Example: pantau-collector renew-secret --config /etc/pantau/collector.toml
    """
    with open_store(open_config(config)) as store, store.begin() as connection:
        secret_rows.renew(connection, secret_rows.LINKS)
    if as_json:
        print_json({"renewed": secret_rows.LINKS})
    else:
        say("The secret is renewed: links in notices that were sent before work no more.")
