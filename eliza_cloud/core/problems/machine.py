"""This machine: its disk, its settings, its clock and its ports."""

from eliza_cloud.core.problems.definition import Action, ProblemType, Severity

DISK_FULL = ProblemType(
    code="disk_full",
    statuses=(500,),
    title="The disk with the state directory is full.",
    remedy="Free some space; what could not be written is written then.",
    sentence="{what}",
    lasts=True,
    examples={
        "what": "Cannot write /home/me/.eliza/eliza.json: the disk is full; free some space and try again."
    },
)

STORE_FAILED = ProblemType(
    code="store_failed",
    statuses=(500,),
    title="The state directory cannot be read or written.",
    remedy="Check the disk, and whether the service's user may read and write the directory.",
    sentence="{what}",
    lasts=True,
    examples={"what": "Cannot write /home/me/.eliza/eliza.json: permission denied; check its rights."},
)

JOURNAL_STOPPED = STORE_FAILED.worded(
    "An internal error stopped the journal; the log describes it.", "Restart the service."
)

NOT_CREATABLE = STORE_FAILED.worded("{path} cannot be created: {reason}.")

LOG_UNWRITABLE = ProblemType(
    code="log_unwritable",
    title="The service runs without a log.",
    remedy="Make room where it goes, let its reader read on, or start the service with a standard error.",
    sentence="Lines of the log cannot be written: {reason}.",
    severity=Severity.WARNING,
    lasts=True,
    examples={"reason": "No space left on device"},
)

DESCRIPTORS_EXHAUSTED = ProblemType(
    code="descriptors_exhausted",
    title="The service has no file descriptor left, so it accepts no connection for now.",
    remedy="Close programs that hold connections to it, or allow it more (`ulimit -n`, `LimitNOFILE=`).",
    severity=Severity.WARNING,
    lasts=True,
)

STATE_DIR_PERMISSIONS = ProblemType(
    code="state_dir_permissions",
    title="Other users of this machine can read the state directory's secrets.",
    remedy="Take their rights away with `chmod 700` for the directory and `chmod 600` for its files.",
    lasts=True,
)

SECRETS_EXPOSED = STATE_DIR_PERMISSIONS.worded(
    "Other users of this machine may read the secrets in {paths}.",
    "Take their rights away: `{commands}`.",
    examples={"paths": "/home/me/.eliza/eliza.json", "commands": "chmod 600 /home/me/.eliza/eliza.json"},
)

UNPROTECTED = STATE_DIR_PERMISSIONS.worded(
    "Other users of this machine may read the API key in {path}, and its rights cannot be changed.",
    "Change them where it comes from, to 0600 or 0400.",
    examples={"path": "/home/me/.eliza/eliza.json"},
)

STATE_DIR_LOST = ProblemType(
    code="state_dir_lost",
    title="The state directory was removed or replaced while the service runs, so its link is closed.",
    remedy="Put it back if it was moved, then restart the service.",
    sentence="{path} is not the directory that the service was started with.",
    action=Action.RESTART_SERVICE,
    lasts=True,
    examples={"path": "/home/me/.eliza"},
)

DATABASE_DAMAGED = STORE_FAILED.worded(
    "The database {path} is damaged: {reason}.",
    "Restart the service, which sets it aside and makes a new one.",
)

DATABASE_SET_ASIDE = ProblemType(
    code="database_set_aside",
    title="The database was damaged; it was set aside and a new one was made.",
    remedy="Connect to the agent again if it is not linked, and check the disk; the next start ends this.",
    sentence="The database was damaged ({reason}) and is now {path}, without the API key.",
    severity=Severity.WARNING,
    lasts=True,
    examples={"path": "/home/me/.eliza/agent.sqlite3.damaged"},
)

STATE_DIR_OPEN = ProblemType(
    code="state_dir_open",
    title="Other users of this machine may change what is in the state directory.",
    remedy="Give it to the service's user with `chmod 700`, or choose another with ELIZA_STATE_DIR.",
    sentence="The state directory {path} has the mode {mode}.",
    lasts=True,
    examples={"path": "/home/me/.eliza", "mode": "0777"},
)

KEY_NOT_IN_FILE = ProblemType(
    code="key_not_in_file",
    title="The API key is kept in the database alone, because eliza.json cannot be written.",
    remedy="Nothing has to be done; to have the key in eliza.json, make that writable and sign in again.",
    sentence="The API key of the sign-in is not in {path}, which cannot be written ({reason}).",
    severity=Severity.WARNING,
    lasts=True,
    examples={"path": "/home/me/.eliza/eliza.json", "reason": "the file system is read-only"},
)

SIGN_OUT_UNFINISHED = ProblemType(
    code="sign_out_unfinished",
    title="A sign-out is not finished: the API key is still on this machine.",
    remedy="Mend what the sentence names; it is tried again every 5 seconds, and at the next start.",
    sentence="{what}",
    lasts=True,
    examples={"what": "Cannot write /home/me/.eliza/eliza.json: the disk is full; free some space."},
)

SIGNED_OUT_KEY_LEFT = ProblemType(
    code="signed_out_key_left",
    title="The API key that was signed out is still on this machine, and ignored.",
    remedy="Remove it there; to use it again, delete `signed-out-keys` in the state directory and restart.",
    sentence="The API key that was signed out is still in {places}.",
    severity=Severity.WARNING,
    lasts=True,
    examples={"places": "/home/me/.eliza/eliza.json and ELIZAOS_CLOUD_API_KEY"},
)

SETTINGS_INVALID = ProblemType(
    code="settings_invalid",
    statuses=(500,),
    title="The settings in eliza.json are wrong.",
    remedy="Correct what `eliza-cloud config check` names, then reload the service (SIGHUP) or start it.",
    sentence="{what}",
    action=Action.EDIT_SETTINGS,
    lasts=True,
    examples={"what": "cloud.enabled: expected true or false, found 3."},
)

SETTINGS_FILE_INVALID = SETTINGS_INVALID.worded(
    "{what}",
    "Correct {path} (`eliza-cloud config check` names everything wrong in it), then start the service, or"
    " reload it (SIGHUP).",
)
VARIABLE_INVALID = SETTINGS_INVALID.worded(
    "{what}", "Correct the variable or unset it, then start the service again."
)

CONFIG_FILE_MISSING = ProblemType(
    code="config_file_missing",
    title="There is no file where ELIZA_CONFIG_PATH says, so the defaults apply.",
    remedy="Correct ELIZA_CONFIG_PATH, or sign in: the file is made at the first write.",
    sentence="There is no {path}.",
    severity=Severity.WARNING,
    action=Action.EDIT_SETTINGS,
    lasts=True,
)

SETTINGS_UNKNOWN = ProblemType(
    code="settings_unknown",
    title="Some settings are not known and have no effect.",
    remedy="Correct their names; `eliza-cloud config check` suggests the nearest ones.",
    severity=Severity.WARNING,
    action=Action.EDIT_SETTINGS,
    lasts=True,
)

CLOCK_JUMPED = ProblemType(
    code="clock_jumped",
    title="The clock jumped: the machine slept, or its clock was set.",
    remedy="Nothing has to be done; everything was checked at once.",
    sentence="It jumped by {jump} seconds.",
    severity=Severity.INFO,
    lasts=True,
    examples={"jump": "+3600"},
)

PORT_TAKEN = ProblemType(
    code="port_taken",
    title="Another program uses a port of the service.",
    remedy="Stop that program, or set another port with ELIZA_API_PORT and ELIZA_PORT.",
    lasts=True,
)
PORT_IN_USE = PORT_TAKEN.worded(
    "Cannot bind {address}: it is in use by {holder}.",
    "Stop that program, or set another port with {setting}.",
)
PORT_UNAVAILABLE = SETTINGS_INVALID.worded("Cannot bind {address}: {reason}.", "{remedy}")
