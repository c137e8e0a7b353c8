"""One Chromium process with many isolated contexts, driven over pipes.

There is no debugging port, so no page can reach DevTools. Chromium exits when our end of the pipe closes, which the kernel does for us
however this process ends; nothing is left running. Profile directories of processes that died without cleaning up are removed by
the next launch.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import signal
import tempfile
import threading
import time
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bakeoff.core.errors import EnvironmentFault, UsageError
from bakeoff.environments.browser.cdp import Connection, Message, ProtocolError

if TYPE_CHECKING:
    from bakeoff.environments.browser.tab import Tab

_CANDIDATES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_SHELLS = ("chromium-headless-shell", "chrome-headless-shell", "headless_shell")
_DEBIAN = Path("/usr/lib/chromium")
_PREFIX = "bakeoff-"
_FLAGS = (
    "--remote-debugging-pipe",
    "--no-first-run",
    "--no-default-browser-check",
    "--no-service-autorun",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--disable-extensions",
    "--disable-component-extensions-with-background-pages",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-client-side-phishing-detection",
    "--disable-breakpad",
    "--disable-crash-reporter",
    "--disable-dev-shm-usage",
    "--disable-field-trial-config",
    "--disable-hang-monitor",
    "--disable-popup-blocking",
    "--disable-prompt-on-repost",
    "--disable-search-engine-choice-screen",
    "--disable-notifications",
    "--disable-print-preview",
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    "--disable-ipc-flooding-protection",
    "--disable-back-forward-cache",
    "--disable-smooth-scrolling",
    "--disable-blink-features=AutomationControlled",  # pages are not told that no person is at work (navigator.webdriver)
    "--disable-features=Translate,OptimizationHints,MediaRouter,DialMediaRouteProvider,InterestFeedContentSuggestions,"
    "AutofillServerCommunication,CertificateTransparencyComponentUpdater,PaintHolding,HttpsUpgrades,GlobalMediaControls,"
    "BackForwardCache,SpareRendererForSitePerProcess,"
    # Two pages of the browser's own interface, which cost more than half of the start and work on every navigation.
    "WebUIOmniboxPopup,WebUIOmniboxAimPopup,WebUIOmniboxFullPopup,PreloadTopChromeWebUI,"
    # A new frame host for each navigation within a site: a fifth of its cost.
    "RenderDocument,"
    # The page's tasks held back after input until a frame has been drawn: our looking would wait with them.
    "DeferRendererTasksAfterInput",
    "--enable-features=NetworkServiceInProcess2",  # one process less between a page and its server
    "--force-color-profile=srgb",
    "--force-device-scale-factor=1",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--allow-pre-commit-input",
    "--hide-scrollbars",
    "--lang=en-US",
    "--metrics-recording-only",
    "--mute-audio",
    "--password-store=basic",
    "--use-mock-keychain",
    "--log-level=3",
    "--disable-logging",
    "--no-startup-window",
)
_SHELL_FLAGS = (
    "--run-all-compositor-stages-before-draw",  # without it, no frames on demand
)
# Services that look at every field that is typed into and at every page that is visited; contexts inherit them.
_PREFERENCES = {
    "autofill": {"enabled": False, "profile_enabled": False, "credit_card_enabled": False},
    "browser": {"enable_spellchecking": False},
    "credentials_enable_service": False,
    "password_manager_enabled": False,
    "profile": {"password_manager_enabled": False, "password_manager_leak_detection": False},
    "safebrowsing": {"enabled": False, "enhanced": False},
    "search": {"suggest_enabled": False},
    "spellcheck": {"dictionaries": [], "use_spelling_service": False},
    "translate": {"enabled": False},
}


def is_shell(executable: str) -> bool:
    """Whether it is Chromium without a window or an interface of its own: the same engine, and frames may be drawn on demand."""
    return Path(executable).name in _SHELLS


def find_executable(executable: str | None = None, headless: bool = True) -> str:
    """The Chromium to use: the argument, else `$BAKEOFF_CHROMIUM`, else the first of the usual names on the path.

    Where nobody looks on, the headless shell comes first: it does the same work with a sixth less of the processor. Raises `UsageError` when there is none,
    or only the shell where a window is wanted.
    """
    wanted = executable or os.environ.get("BAKEOFF_CHROMIUM")
    if wanted:
        found = shutil.which(wanted)
        if found is None:
            raise UsageError(f"there is no Chromium at '{wanted}'; run `apt-get install chromium`, or set BAKEOFF_CHROMIUM to its path")
        if not headless and is_shell(found):
            raise UsageError(
                f"'{wanted}' has no window to show; run `apt-get install chromium`, and unset BAKEOFF_CHROMIUM or set it to its path"
            )
        return _itself(found)
    for name in (*_SHELLS, *_CANDIDATES) if headless else _CANDIDATES:
        found = shutil.which(name)
        if found is not None:
            return _itself(found)
    raise UsageError("Chromium is not installed; run `apt-get install chromium`, or set BAKEOFF_CHROMIUM to its path")


def _itself(found: str) -> str:
    """The program behind Debian's command for the headless shell: a script that stays in between, so that a signal would end it and not Chromium."""
    behind = _DEBIAN / Path(found).name
    return str(behind) if is_shell(found) and Path(found).resolve().parent == Path("/usr/bin") and os.access(behind, os.X_OK) else found


class Browser:
    """A running Chromium. Made by `Browser.launch`; usable as a context manager; may serve tabs of several threads."""

    def __init__(self, pid: int, profile: Path, connection: Connection, headless: bool = True, shell: bool = False) -> None:
        self.pid = pid
        self.headless = headless
        self.shell = shell
        self._profile = profile
        self.connection = connection
        self._lock = threading.Lock()
        self._exited = False
        self._closed = False
        self._sessions: dict[str, str] = {}
        self._watchers: dict[str, Callable[[Message], None]] = {}
        connection.browser.listener = self._event
        _OPEN.add(self)

    @classmethod
    def launch(cls, executable: str | None = None, headless: bool = True, timeout: float = 30.0) -> Browser:
        """Starts Chromium and waits until it answers.

        Raises `UsageError` when Chromium is not installed and `EnvironmentFault` when it does not start within `timeout` seconds.
        """
        path = find_executable(executable, headless)
        _sweep()
        profile = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-{_start_time(os.getpid())}-", dir=_profiles()))
        (profile / "Default").mkdir()
        (profile / "Default" / "Preferences").write_text(json.dumps(_PREFERENCES), encoding="utf-8")
        arguments = [path, *_FLAGS, f"--user-data-dir={profile}"]
        if is_shell(path):
            arguments += _SHELL_FLAGS
        elif headless:
            arguments.append("--headless=new")
        if os.geteuid() == 0:
            arguments.append("--no-sandbox")
        commands = _pipe()  # read by Chromium as its descriptor 3
        answers = _pipe()  # written by Chromium as its descriptor 4
        environment = {**os.environ, "TMPDIR": str(profile), "BREAKPAD_DUMP_LOCATION": str(profile)}
        try:
            pid = os.posix_spawn(
                path,
                arguments,
                environment,
                file_actions=[
                    (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                    (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
                    (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
                    (os.POSIX_SPAWN_DUP2, commands[0], 3),
                    (os.POSIX_SPAWN_DUP2, answers[1], 4),
                ],
                setpgroup=0,
            )
        except OSError as problem:
            os.close(commands[1])
            os.close(answers[0])
            shutil.rmtree(profile, ignore_errors=True)
            raise EnvironmentFault(f"Chromium could not be started: {problem.strerror}") from problem
        finally:
            os.close(commands[0])
            os.close(answers[1])
        browser = cls(pid, profile, Connection(answers[0], commands[1]), headless, is_shell(path))
        try:
            browser.connection.browser.call("Browser.getVersion", timeout)
            browser.connection.browser.call(
                "Target.setAutoAttach", timeout, autoAttach=True, waitForDebuggerOnStart=True, flatten=True, filter=[{"type": "page"}]
            )
        except (EnvironmentFault, ProtocolError) as problem:
            browser.close()
            raise EnvironmentFault(f"Chromium did not start ({problem}); `bakeoff doctor` says more") from problem
        return browser

    @property
    def alive(self) -> bool:
        """Whether the process runs and its pipe is open."""
        with self._lock:
            self._reap(os.WNOHANG)
            return not self._exited and not self._closed and not self.connection.closed

    @property
    def version(self) -> str:
        """E.g. `Chrome/156.0.7300.1`."""
        return str(self.connection.browser.call("Browser.getVersion", 10.0)["product"])

    def open(
        self,
        origin: str,
        viewport: tuple[int, int] = (1280, 800),
        init_script: str = "",
        *,
        ignore: str = "",
        timeout: float = 15.0,
        still: bool = False,
        keys: bool = True,
    ) -> Tab:
        """A tab in a fresh context of its own: no cookies, storage, cache or history shared with any other.

        Args:
            origin: `http://127.0.0.1:PORT`; requests to anything else, other ports of this machine included, fail.
            viewport: width and height in CSS pixels.
            init_script: JavaScript that runs in the page's own world before any script of each page.
            ignore: CSS selector of parts of the page that are left out of every observation.
            timeout: seconds after which a page that does not answer counts as hung.
            still: the pages do all their work at once and show nothing that moves. They are then drawn only when a screenshot is asked for,
                and an action has settled after two turns of their event loop.
            keys: `type` presses a key for every letter. Without, text enters as from an input method, all at once but for its last letter,
                which is a key; several times cheaper.
        """
        from bakeoff.environments.browser.tab import Tab

        parts = urlsplit(origin)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise UsageError(f"an origin looks like http://127.0.0.1:8000, not '{origin}'")
        port = parts.port or (443 if parts.scheme == "https" else 80)
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        try:
            # All requests go to a proxy that does not exist, except those to the origin.
            context = self.connection.browser.call(
                "Target.createBrowserContext",
                timeout,
                disposeOnDetach=True,
                proxyServer="http://127.0.0.1:1",
                proxyBypassList=f"<-loopback>;{host}:{port}",
            )["browserContextId"]
            return Tab(self, context, f"{parts.scheme}://{host}:{port}", viewport, init_script, ignore, timeout, still, keys)
        except ProtocolError as problem:
            raise EnvironmentFault(f"Chromium could not open a tab: {problem}") from problem

    def attached(self, target: str, timeout: float) -> str:
        """Waits for the session of a page that was just created, and returns its id."""
        self.connection.browser.until(lambda: target in self._sessions, timeout)
        return self._sessions.pop(target)

    def watch(self, context: str, opened: Callable[[Message], None] | None) -> None:
        """Whom to tell (from the reader thread) when a page of this context opens a window; None for nobody."""
        if opened is None:
            self._watchers.pop(context, None)
        else:
            self._watchers[context] = opened

    def _event(self, method: str, params: Message) -> None:
        if method == "Target.attachedToTarget":
            info = params["targetInfo"]
            watcher = self._watchers.get(info.get("browserContextId", ""))
            if watcher is None:
                self._sessions[info["targetId"]] = params["sessionId"]
            else:
                watcher(params)

    def close(self) -> None:
        """Ends Chromium and all its children and deletes its profile. Safe to call twice."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            with contextlib.suppress(EnvironmentFault, ProtocolError):
                self.connection.browser.post(("Browser.close", {}))
            self.connection.close()
            deadline = time.monotonic() + 3.0
            while not self._exited and time.monotonic() < deadline:
                self._reap(os.WNOHANG)
                if not self._exited:
                    time.sleep(0.005)
            # The group outlives its leader: kill what a dying Chromium left behind.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
            self._reap(0)
        self.connection.join(3.0)
        _remove(self._profile)
        _OPEN.discard(self)

    def _reap(self, options: int) -> None:
        if not self._exited:
            try:
                self._exited = os.waitpid(self.pid, options)[0] == self.pid
            except ChildProcessError:
                self._exited = True

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


_OPEN: weakref.WeakSet[Browser] = weakref.WeakSet()


def _pipe() -> tuple[int, int]:
    """Both ends above the standard descriptors, so that duplicating them to 3 and 4 in the child cannot collide."""
    ends = []
    for fd in os.pipe():
        ends.append(fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 10))
        os.close(fd)
    return ends[0], ends[1]


def _start_time(pid: int) -> str:
    """When a process started, in clock ticks since boot; tells a live owner from a later process with the same number. Empty if gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        return ""


def _profiles() -> Path:
    """Where profiles live: the temporary directory, unless its path is too long for the socket that Chromium makes in there (108 bytes)."""
    usual = Path(tempfile.gettempdir())
    return usual if len(str(usual)) <= 16 else Path("/tmp")


def _sweep() -> None:
    """Deletes profiles whose owner has died."""
    for directory in _profiles().glob(f"{_PREFIX}*"):
        fields = directory.name.removeprefix(_PREFIX).split("-")
        if len(fields) >= 3 and fields[0].isdigit() and _start_time(int(fields[0])) != fields[1]:
            shutil.rmtree(directory, ignore_errors=True)


def _remove(directory: Path) -> None:
    """Deletes a profile; children that are just dying may still write into it, hence the second try."""
    for _ in range(20):
        shutil.rmtree(directory, ignore_errors=True)
        if not directory.exists():
            return
        time.sleep(0.05)


def _close_all() -> None:
    for browser in list(_OPEN):
        browser.close()


def _after_fork() -> None:
    for browser in list(_OPEN):
        browser.connection.disown()
        browser._closed = True
    _OPEN.clear()


os.register_at_fork(after_in_child=_after_fork)


def _register_exit() -> None:
    import atexit

    atexit.register(_close_all)


_register_exit()
