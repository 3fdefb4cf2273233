//! The instance, people, their devices, what they did, and which requests were repeated.

use super::step::{index, key, step, table, within};
use sea_orm_migration::{
    prelude::TableCreateStatement,
    schema::{
        big_integer, big_integer_null, blob, blob_null, integer, pk_uuid, text, text_null,
        text_uniq, uuid, uuid_null,
    },
};

step!(
    "m0001_people",
    tables(),
    [
        index("session_of", "session", ["account_id"]),
        index("session_token_of", "session_token", ["session_id"]),
        index("idempotency_age", "idempotency", ["at"]),
        index("audit_of", "audit", ["project_id", "number"]),
    ]
);

fn tables() -> [TableCreateStatement; 6] {
    [
        table(
            "instance",
            [
                integer("id").primary_key().to_owned(),
                uuid("instance_id"),
                text("epoch"),
                big_integer("fence"),
                text_null("engine"),
                text_null("doubt"),
                blob("key_check"),
                text("written_by"),
                big_integer("created_at"),
            ],
        ),
        table(
            "account",
            [
                pk_uuid("id"),
                text_uniq("email"),
                text("name"),
                text("role"),
                blob("password_hash"),
                big_integer("created_at"),
                big_integer("updated_at"),
            ],
        ),
        table(
            "session",
            [
                pk_uuid("id"),
                uuid("account_id"),
                text("kind"),
                text("device"),
                big_integer("created_at"),
                big_integer("last_seen_at"),
                big_integer("expires_at"),
            ],
        )
        .foreign_key(&mut within("session", "account_id", "account"))
        .to_owned(),
        table(
            "session_token",
            [
                blob("digest").primary_key().to_owned(),
                uuid("session_id"),
                text("kind"),
                blob_null("paired"),
                big_integer("expires_at"),
                big_integer_null("used_at"),
            ],
        )
        .foreign_key(&mut within("session_token", "session_id", "session"))
        .to_owned(),
        table(
            "idempotency",
            [
                uuid("account_id"),
                text("key"),
                blob("fingerprint"),
                text("answer"),
                big_integer("at"),
            ],
        )
        .primary_key(&mut key(["account_id", "key"]))
        .foreign_key(&mut within("idempotency", "account_id", "account"))
        .to_owned(),
        table(
            "audit",
            [
                big_integer("number").primary_key().auto_increment().to_owned(),
                big_integer("at"),
                uuid_null("actor"),
                text("via"),
                text("action"),
                uuid_null("project_id"),
                text("target"),
                text("request"),
                text_null("source"),
            ],
        ),
    ]
}
