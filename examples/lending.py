"""A small tool library: who has borrowed what. Stands for the in-house software that bakeoff has never heard of.

python examples/lending.py 8000 lending.sqlite        then open http://127.0.0.1:8000, user robin, password tools
"""

import sqlite3
import sys
from html import escape
from urllib.parse import parse_qsl

import uvicorn
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, RedirectResponse
from starlette.routing import Route

PORT, FILE = int(sys.argv[1]), sys.argv[2]
TOOLS = "Angle grinder|Belt sander|Block plane|Bolt cutter|Cordless drill|Heat gun|Hedge trimmer|Jigsaw|Ladder|Paint sprayer|Pipe wrench|Tile cutter"
PEOPLE = "Ada Birk|Ben Okoro|Carla Ruiz|Dai Evans|Edda Holm|Femi Ade|Gita Rao|Hugo Lind|Ines Prat|Jun Mori|Kaja Nowak|Leo Brandt"
SCHEMA = """
create table tool (id integer primary key, name text, shelf text, broken integer default 0);
create table member (id integer primary key, name text);
create table loan (id integer primary key, tool_id integer, member_id integer, until text, returned integer default 0);
create table visit (id integer primary key, page text);
"""


def db():
    connection = sqlite3.connect(FILE, isolation_level=None)
    connection.row_factory = sqlite3.Row
    return connection


if not db().execute("select 1 from sqlite_master").fetchone():
    db().executescript(SCHEMA)
    db().executemany("insert into tool (name, shelf) values (?, ?)", [(n, "ABCD"[i % 4] + str(i)) for i, n in enumerate(TOOLS.split("|"))])
    db().executemany("insert into member (name) values (?)", [(name,) for name in PEOPLE.split("|")])
    db().executemany(
        "insert into loan (tool_id, member_id, until) values (?, ?, ?)", [(i, 13 - i, f"2026-04-{i + 9:02}") for i in range(1, 6)]
    )


async def filled(request):
    return dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))


def page(request, body):
    if request.cookies.get("worker") != "robin":
        return RedirectResponse("/login", 303)
    db().execute("insert into visit (page) values (?)", [request.url.path])
    menu = '<nav aria-label="Main"><a href="/">Tools</a> <a href="/loans">Loans</a></nav>'
    return HTMLResponse(f"<!doctype html><html lang=en><title>Tool library</title>{menu}<main>{body}</main>")


async def login(request):
    if request.method == "POST":
        form = await filled(request)
        if (form.get("user"), form.get("password")) == ("robin", "tools"):
            answer = RedirectResponse("/", 303)
            answer.set_cookie("worker", "robin", httponly=True)
            return answer
    return HTMLResponse(
        "<form method=post><label>User <input name=user></label><label>Password <input name=password type=password></label><button>Go"
    )


def tools(request):
    rows = "".join(f'<tr><td><a href="/tool/{t["id"]}">{escape(t["name"])}</a><td>{t["shelf"]}' for t in db().execute("select * from tool"))
    return page(request, f"<h1>Tools</h1><table><tr><th>Tool<th>Shelf{rows}</table>")


async def tool(request):
    key = request.path_params["key"]
    if request.method == "POST" and request.cookies.get("worker") == "robin":
        form = await filled(request)
        if "shelf" in form:
            db().execute("update tool set shelf = ?, broken = ? where id = ?", [form["shelf"], "broken" in form, key])
        else:
            db().execute("insert into loan (tool_id, member_id, until) values (?, ?, ?)", [key, form["member"], form["until"]])
        return RedirectResponse(f"/tool/{key}", 303)
    row = db().execute("select * from tool where id = ?", [key]).fetchone()
    people = "".join(f"<option value={m['id']}>{escape(m['name'])}" for m in db().execute("select * from member"))
    checked = "checked" if row["broken"] else ""
    edit = f'<label>Shelf <input name=shelf value="{escape(row["shelf"])}"></label><label><input type=checkbox name=broken {checked}> Broken</label>'
    lend = f"<label>Member <select name=member>{people}</select></label><label>Until <input type=date name=until></label>"
    body = f"<h1>{escape(row['name'])}</h1><form method=post>{edit}<button>Save</button></form><form method=post>{lend}<button>Lend</button></form>"
    return page(request, body)


async def loans(request):
    if request.method == "POST" and request.cookies.get("worker") == "robin":
        db().execute("update loan set returned = 1 where id = ?", [(await filled(request))["loan"]])
        return RedirectResponse("/loans", 303)
    sql = "select loan.*, tool.name as tool, member.name as member from loan join tool on tool.id = tool_id join member on member.id = member_id"
    row = "<tr><td>{}<td>{}<td>{}<td><form method=post><button name=loan value={}>Returned</button></form>"
    rows = "".join(
        row.format(escape(r["tool"]), escape(r["member"]), r["until"], r["id"]) for r in db().execute(sql + " where returned = 0")
    )
    return page(request, f"<h1>Loans</h1><table><tr><th>Tool<th>Member<th>Until<th>{rows}</table>")


both = ["GET", "POST"]
routes = [
    Route("/", tools),
    Route("/login", login, methods=both),
    Route("/tool/{key:int}", tool, methods=both),
    Route("/loans", loans, methods=both),
]
uvicorn.run(Starlette(routes=routes), host="127.0.0.1", port=PORT, log_level="warning")
