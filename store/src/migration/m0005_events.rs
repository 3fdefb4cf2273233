//! What has happened, numbered. Outlives its environment for a while: readers must learn of its end.

use super::step::{index, key, step, table};
use sea_orm_migration::{
    prelude::TableCreateStatement,
    schema::{big_integer, text, uuid},
};

step!("m0005_events", tables(), [index("event_age", "event", ["at"])]);

fn tables() -> [TableCreateStatement; 2] {
    [
        table(
            "event",
            [uuid("environment_id"), big_integer("number"), big_integer("at"), text("body")],
        )
        .primary_key(&mut key(["environment_id", "number"]))
        .to_owned(),
        table(
            "event_count",
            [uuid("environment_id").primary_key().to_owned(), big_integer("number")],
        ),
    ]
}
