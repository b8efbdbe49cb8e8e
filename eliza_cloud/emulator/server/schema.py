"""The emulator's tables. Times are seconds since the epoch, money is millionths of a dollar."""

SCHEMA_VERSION = 2

SCHEMA = """
CREATE TABLE organizations (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, slug TEXT NOT NULL, balance INTEGER NOT NULL,
    is_active INTEGER NOT NULL DEFAULT 1, shared_tier INTEGER NOT NULL DEFAULT 0, warm_pool TEXT,
    max_agents INTEGER, async_restore INTEGER NOT NULL DEFAULT 0,
    hold INTEGER, pays_from_earnings INTEGER NOT NULL DEFAULT 1,
    top_up_enabled INTEGER NOT NULL DEFAULT 0, top_up_amount INTEGER, top_up_threshold INTEGER,
    created_at REAL NOT NULL
);
CREATE TABLE users (
    id TEXT PRIMARY KEY, organization_id TEXT REFERENCES organizations (id), email TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL, role TEXT NOT NULL DEFAULT 'owner', is_active INTEGER NOT NULL DEFAULT 1,
    created_at REAL NOT NULL, updated_at REAL NOT NULL
);
CREATE TABLE api_keys (
    id TEXT PRIMARY KEY, user_id TEXT NOT NULL REFERENCES users (id), name TEXT NOT NULL,
    key_hash TEXT NOT NULL UNIQUE, key_prefix TEXT NOT NULL, is_active INTEGER NOT NULL DEFAULT 1,
    expires_at REAL, created_at REAL NOT NULL
);
CREATE TABLE revoked_keys (key_hash TEXT PRIMARY KEY, credential_id TEXT NOT NULL);
CREATE TABLE login_sessions (
    session_id TEXT PRIMARY KEY, status TEXT NOT NULL, user_id TEXT, api_key_id TEXT, api_key_plain TEXT,
    expires_at REAL NOT NULL, created_at REAL NOT NULL
);
CREATE TABLE browser_sessions (
    token_hash TEXT PRIMARY KEY, user_id TEXT NOT NULL REFERENCES users (id), expires_at REAL NOT NULL
);
CREATE TABLE agents (
    id TEXT PRIMARY KEY, organization_id TEXT NOT NULL REFERENCES organizations (id), user_id TEXT NOT NULL,
    agent_name TEXT, agent_config TEXT NOT NULL, environment_vars TEXT NOT NULL, docker_image TEXT,
    execution_tier TEXT NOT NULL, status TEXT NOT NULL, database_status TEXT NOT NULL DEFAULT 'none',
    bridge_url TEXT, health_url TEXT, last_backup_at REAL, last_heartbeat_at REAL,
    error_message TEXT, error_count INTEGER NOT NULL DEFAULT 0, fail_attempts INTEGER NOT NULL DEFAULT 0,
    billing_status TEXT NOT NULL DEFAULT 'active', last_billed_at REAL, shutdown_warned_at REAL,
    skip_reason TEXT, capture TEXT NOT NULL DEFAULT 'ok', capture_retries INTEGER NOT NULL DEFAULT 0,
    script TEXT, status_before_deletion TEXT, deletion_failed_at REAL, rearms INTEGER NOT NULL DEFAULT 0,
    ran INTEGER NOT NULL DEFAULT 0, successor_id TEXT, is_cut_over INTEGER NOT NULL DEFAULT 0,
    created_at REAL NOT NULL, updated_at REAL NOT NULL
);
CREATE TABLE sandboxes (
    agent_id TEXT PRIMARY KEY REFERENCES agents (id) ON DELETE CASCADE, state TEXT NOT NULL,
    started_at REAL NOT NULL, config TEXT NOT NULL, workspace_files TEXT NOT NULL
);
CREATE TABLE memories (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    agent_id TEXT NOT NULL REFERENCES sandboxes (agent_id) ON DELETE CASCADE,
    role TEXT NOT NULL, text TEXT NOT NULL, timestamp INTEGER NOT NULL
);
CREATE INDEX memories_by_agent ON memories (agent_id, id);
CREATE TABLE backups (
    id TEXT PRIMARY KEY, agent_id TEXT NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
    snapshot_type TEXT NOT NULL, size_bytes INTEGER, state TEXT NOT NULL,
    is_broken INTEGER NOT NULL DEFAULT 0, created_at REAL NOT NULL
);
CREATE INDEX backups_by_agent ON backups (agent_id);
CREATE TABLE final_states (
    id TEXT PRIMARY KEY, agent_id TEXT NOT NULL, organization_id TEXT NOT NULL, attempt_id TEXT NOT NULL,
    is_unsupported INTEGER NOT NULL, size_bytes INTEGER, state TEXT, created_at REAL NOT NULL,
    expires_at REAL NOT NULL
);
CREATE TABLE client_messages (
    agent_id TEXT NOT NULL, message_id TEXT NOT NULL, text TEXT NOT NULL, reply TEXT NOT NULL,
    PRIMARY KEY (agent_id, message_id)
);
CREATE TABLE jobs (
    id TEXT PRIMARY KEY, organization_id TEXT NOT NULL, agent_id TEXT NOT NULL, type TEXT NOT NULL,
    status TEXT NOT NULL, result TEXT, error TEXT, attempts INTEGER NOT NULL DEFAULT 0,
    max_attempts INTEGER NOT NULL DEFAULT 3, fail_attempts INTEGER NOT NULL, skip_reason TEXT,
    accepted_price TEXT, parameters TEXT NOT NULL DEFAULT '{}',
    estimated_completion_at REAL NOT NULL, scheduled_for REAL NOT NULL, started_at REAL, completed_at REAL,
    created_at REAL NOT NULL, updated_at REAL NOT NULL
);
CREATE INDEX jobs_by_agent ON jobs (agent_id, status);
CREATE TABLE credit_transactions (
    id TEXT PRIMARY KEY, organization_id TEXT NOT NULL REFERENCES organizations (id), amount INTEGER NOT NULL,
    type TEXT NOT NULL, description TEXT NOT NULL, metadata TEXT NOT NULL, created_at REAL NOT NULL
);
CREATE TABLE checkouts (
    id TEXT PRIMARY KEY, organization_id TEXT NOT NULL REFERENCES organizations (id), user_id TEXT NOT NULL,
    amount INTEGER NOT NULL, success_url TEXT NOT NULL, is_paid INTEGER NOT NULL DEFAULT 0,
    idempotency_key TEXT, request TEXT
);
CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
