//! What environments are meant to be, what is staged upon it, and its history.

use super::step::{index, key, step, table, unique, within};
use sea_orm_migration::{
    prelude::TableCreateStatement,
    schema::{
        big_integer, big_integer_null, blob, blob_null, boolean, integer, pk_uuid, text, uuid,
    },
};

step!(
    "m0003_configuration",
    tables(),
    [
        unique("staged_edit_seq", "staged_edit", ["environment_id", "seq"]),
        index("staged_edit_age", "staged_edit", ["discarded_at"]),
    ]
);

fn tables() -> [TableCreateStatement; 9] {
    let within_environment = |table: &'static str| within(table, "environment_id", "environment");
    [
        table(
            "service_config",
            [
                uuid("environment_id"),
                uuid("service_id"),
                integer("wanted"),
                text("limits"),
                blob("body"),
            ],
        )
        .primary_key(&mut key(["environment_id", "service_id"]))
        .foreign_key(&mut within_environment("service_config"))
        .foreign_key(&mut within("service_config", "service_id", "service"))
        .to_owned(),
        table("group_config", [uuid("environment_id"), uuid("group_id"), text("name")])
            .primary_key(&mut key(["environment_id", "group_id"]))
            .foreign_key(&mut within_environment("group_config"))
            .to_owned(),
        table("volume_config", [uuid("environment_id"), uuid("volume_id"), text("name")])
            .primary_key(&mut key(["environment_id", "volume_id"]))
            .foreign_key(&mut within_environment("volume_config"))
            .to_owned(),
        table(
            "variable",
            [
                uuid("environment_id"),
                text("address"),
                blob("value"),
                boolean("sealed"),
                big_integer("version"),
            ],
        )
        .primary_key(&mut key(["environment_id", "address"]))
        .foreign_key(&mut within_environment("variable"))
        .to_owned(),
        table(
            "address_version",
            [uuid("environment_id"), text("address"), big_integer("revision")],
        )
        .primary_key(&mut key(["environment_id", "address"]))
        .foreign_key(&mut within_environment("address_version"))
        .to_owned(),
        table(
            "staged_edit",
            [
                pk_uuid("id"),
                uuid("environment_id"),
                big_integer("seq"),
                text("address"),
                blob_null("content"),
                big_integer("base"),
                uuid("author"),
                big_integer("at"),
                big_integer_null("discarded_at"),
            ],
        )
        .foreign_key(&mut within_environment("staged_edit"))
        .to_owned(),
        table(
            "revision",
            [
                uuid("environment_id"),
                big_integer("number"),
                uuid("author"),
                text("message"),
                big_integer("at"),
                big_integer("changes"),
                blob("body"),
            ],
        )
        .primary_key(&mut key(["environment_id", "number"]))
        .foreign_key(&mut within_environment("revision"))
        .to_owned(),
        table("layout", [uuid("environment_id"), text("node"), integer("x"), integer("y")])
            .primary_key(&mut key(["environment_id", "node"]))
            .foreign_key(&mut within_environment("layout"))
            .to_owned(),
        table(
            "left_behind",
            [
                uuid("volume_id").primary_key().to_owned(),
                uuid("project_id"),
                uuid("environment_id"),
                text("name"),
                big_integer("at"),
            ],
        ),
    ]
}
