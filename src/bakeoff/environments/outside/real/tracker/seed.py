"""Makes a tracker in a folder, with the people, topics and issues of a small software team: `seed.py FOLDER WORLD`."""

# ruff: noqa: I001
import random
import sqlite3
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent.parent))
import clock  # noqa: F401

import roundup.instance
from roundup import date, password
from roundup.admin import AdminTool

PEOPLE = {
    "mara": "Mara Lindqvist",
    "tobias": "Tobias Hartl",
    "yuki": "Yuki Tanabe",
    "owen": "Owen Prichard",
    "leila": "Leila Haddad",
    "piotr": "Piotr Zielinski",
    "anneke": "Anneke de Wit",
    "samir": "Samir Bose",
    "ruth": "Ruth Adeyemi",
    "carlos": "Carlos Vega",
}
KEYWORDS = ["installer", "performance", "documentation", "translation", "security", "printing", "accessibility", "import"]
PLACES = [
    "the settings page",
    "the calendar",
    "the mobile view",
    "the search box",
    "the address book",
    "the export dialog",
    "the login screen",
    "the report builder",
    "the image viewer",
    "the tag editor",
    "the backup tool",
    "the start page",
]
FAULTS = [
    "Crash when opening {}",
    "Slow scrolling in {}",
    "Typo on {}",
    "Keyboard focus is lost in {}",
    "Wrong time zone in {}",
    "Dark mode is unreadable in {}",
    "Add an undo button to {}",
    "Umlauts are broken in {}",
    "Memory grows while using {}",
    "Let users hide {}",
    "Double click does nothing in {}",
    "Printing cuts off {}",
]
REMARKS = [
    "Seen twice on the test machine, both times after waking it up.",
    "A customer asked for this at the last meeting.",
    "I can reproduce it with the sample data.",
    "Does not happen in the previous version.",
    "Screenshots are on the shared drive.",
]


def make(home: str) -> None:
    """An empty tracker of the classic kind, whose mail goes to a file."""
    sys.argv = ["roundup-admin", "-i", home, "install", "classic", "sqlite"]
    AdminTool().main()
    config = Path(home, "config.ini")
    text = config.read_text().replace("#web = NO DEFAULT", "web = http://127.0.0.1:8080/").replace("\ndebug = \n", "\ndebug = mail.log\n")
    config.write_text(text.replace("#domain = NO DEFAULT", "domain = team.example").replace("#host = NO DEFAULT", "host = localhost"))
    sys.argv = ["roundup-admin", "-i", home, "initialise", "admin"]
    AdminTool().main()


def fill(home: str, world: int) -> None:
    rng = random.Random(f"tracker/{world}")
    tracker = roundup.instance.open(home)
    db = tracker.open("admin")
    names = list(PEOPLE)
    users = {
        name: db.user.create(
            username=name,
            realname=PEOPLE[name],
            address=f"{name}@team.example",
            roles="User",
            password=password.Password("robin", config=db.config),
        )
        for name in names
    }
    worker = db.user.create(
        username="robin",
        realname="Robin Vance",
        address="robin@team.example",
        roles="User",
        password=password.Password("robin", config=db.config),
    )
    keywords = [db.keyword.create(name=name) for name in KEYWORDS]
    db.commit()
    db.close()
    moments: list[date.Date] = []
    titles = [fault.format(place) for fault in FAULTS for place in PLACES]
    rng.shuffle(titles)
    for number, title in enumerate(titles[:48]):
        author = rng.choice(names)
        db = tracker.open(author)
        moment = date.Date("2026-02-01.09:00:00") + date.Interval(f"{number // 2}d {rng.randrange(8)}:{rng.randrange(60):02}")
        message = db.msg.create(
            author=users[author],
            content=f"{rng.choice(REMARKS)}\n\nReported for version {rng.randint(2, 5)}.{rng.randint(0, 9)}.",
            date=moment,
        )
        moments.append(moment)
        db.issue.create(
            title=title,
            priority=str(rng.randint(1, 5)),
            status=str(rng.choice([1, 2, 2, 3, 4, 4, 5, 6])),
            assignedto=rng.choice([None, worker, *users.values()]),
            keyword=rng.sample(keywords, rng.randint(0, 2)),
            nosy=[users[author]],
            messages=[message],
        )
        db.commit()
        db.close()
    records = sqlite3.connect(Path(home, "db", "db"))
    for number, moment in enumerate(moments, start=1):
        text = str(moment).translate({ord(mark): None for mark in "-:."})
        records.execute("update _issue set _creation = ?, _activity = ? where id = ?", (text, text, number))
        records.execute("update issue__journal set date = ? where nodeid = ?", (text, number))
    records.commit()
    records.close()


folder, number = sys.argv[1], int(sys.argv[2])
make(folder)
fill(folder, number)
