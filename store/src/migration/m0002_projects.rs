//! Projects, who belongs to them, their environments and services, and keys.

use super::step::{index, key, step, table, unique, within};
use sea_orm_migration::{
    prelude::TableCreateStatement,
    schema::{
        big_integer, big_integer_null, blob_uniq, pk_uuid, text, text_null, text_uniq, uuid,
        uuid_null,
    },
};

step!(
    "m0002_projects",
    tables(),
    [
        index("project_age", "project", ["created_at", "id"]),
        index("member_of", "member", ["account_id"]),
        unique("environment_slug", "environment", ["project_id", "slug"]),
        unique("environment_subnet", "environment", ["subnet"]),
        unique("service_slug", "service", ["project_id", "slug"]),
        index("api_key_of", "api_key", ["account_id"]),
    ]
);

fn tables() -> [TableCreateStatement; 5] {
    [
        table(
            "project",
            [
                pk_uuid("id"),
                text("name"),
                text("name_folded"),
                text_uniq("slug"),
                big_integer("created_at"),
                big_integer("updated_at"),
            ],
        ),
        table(
            "member",
            [uuid("project_id"), uuid("account_id"), text("role"), big_integer("created_at")],
        )
        .primary_key(&mut key(["project_id", "account_id"]))
        .foreign_key(&mut within("member", "project_id", "project"))
        .foreign_key(&mut within("member", "account_id", "account"))
        .to_owned(),
        table(
            "environment",
            [
                pk_uuid("id"),
                uuid("project_id"),
                text("name"),
                text("slug"),
                big_integer("created_at"),
                big_integer("revision"),
                big_integer("edit_seq"),
                big_integer("pending"),
                text_null("subnet"),
            ],
        )
        .foreign_key(&mut within("environment", "project_id", "project"))
        .to_owned(),
        table(
            "service",
            [pk_uuid("id"), uuid("project_id"), text("slug"), big_integer("created_at")],
        )
        .foreign_key(&mut within("service", "project_id", "project"))
        .to_owned(),
        table(
            "api_key",
            [
                pk_uuid("id"),
                uuid("account_id"),
                text("description"),
                text("prefix"),
                blob_uniq("digest"),
                text("scopes"),
                uuid_null("project_id"),
                big_integer_null("expires_at"),
                big_integer_null("last_used_at"),
                big_integer("created_at"),
            ],
        )
        .foreign_key(&mut within("api_key", "account_id", "account"))
        .foreign_key(&mut within("api_key", "project_id", "project"))
        .to_owned(),
    ]
}
