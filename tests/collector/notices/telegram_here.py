"""The process that sends through Apprise, with another address for Telegram: `python telegram_here.py ADDRESS`."""

import sys

from apprise.plugins.telegram import NotifyTelegram

from pantau_collector.notices.apprise_worker import main

if __name__ == "__main__":
    NotifyTelegram.notify_url = sys.argv[1]
    main()
