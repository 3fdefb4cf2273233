//! How far reality has come: deployments, replicas, and what may be removed.

use super::step::{index, key, step, table, unique, within};
use sea_orm_migration::{
    prelude::TableCreateStatement,
    schema::{
        big_integer, big_integer_null, blob, blob_null, boolean, integer, pk_uuid, text, text_null,
        uuid, uuid_null,
    },
};

step!(
    "m0004_rollouts",
    tables(),
    [
        unique(
            "deployment_generation",
            "deployment",
            ["environment_id", "service_id", "generation"]
        ),
        index("deployment_over", "deployment", ["over"]),
        index("replica_of", "replica", ["environment_id", "service_id"]),
        index("replica_released", "replica", ["released_at"]),
    ]
);

fn tables() -> [TableCreateStatement; 6] {
    let within_environment = |table: &'static str| within(table, "environment_id", "environment");
    [
        table(
            "service_state",
            [
                uuid("environment_id"),
                uuid("service_id"),
                uuid_null("active"),
                text_null("condition"),
                text_null("why"),
                big_integer_null("since"),
            ],
        )
        .primary_key(&mut key(["environment_id", "service_id"]))
        .foreign_key(&mut within_environment("service_state"))
        .to_owned(),
        table(
            "deployment",
            [
                pk_uuid("id"),
                uuid("project_id"),
                uuid("environment_id"),
                uuid("service_id"),
                text("slug"),
                big_integer("generation"),
                big_integer("revision"),
                text("cause"),
                uuid_null("author"),
                text("message"),
                text("image"),
                blob("config"),
                text_null("pinned"),
                text("state"),
                boolean("over"),
                blob_null("log_tail"),
                integer("attempts"),
                big_integer_null("retry_at"),
                big_integer("created_at"),
                big_integer_null("started_at"),
                big_integer_null("live_at"),
                big_integer_null("ended_at"),
            ],
        )
        .foreign_key(&mut within_environment("deployment"))
        .to_owned(),
        // The last generation of every service that there ever was: one that comes back goes on counting.
        table("generation", [uuid("environment_id"), uuid("service_id"), big_integer("last")])
            .primary_key(&mut key(["environment_id", "service_id"]))
            .foreign_key(&mut within_environment("generation"))
            .to_owned(),
        // Belongs to nobody: it outlives its service, so that its address is not given away too soon.
        table(
            "replica",
            [
                pk_uuid("id"),
                uuid("environment_id"),
                uuid("service_id"),
                uuid("deployment_id"),
                integer("index"),
                text("address"),
                text_null("container"),
                text("ledger"),
                big_integer_null("retired_at"),
                big_integer("created_at"),
                big_integer_null("released_at"),
                boolean("buried"),
            ],
        ),
        table("volume_made", [uuid("environment_id"), uuid("service_id"), uuid("volume_id")])
            .primary_key(&mut key(["environment_id", "service_id", "volume_id"]))
            .foreign_key(&mut within_environment("volume_made"))
            .to_owned(),
        table(
            "tombstone",
            [
                text("subject").primary_key().to_owned(),
                uuid("environment_id"),
                uuid_null("service_id"),
                text("containers"),
                big_integer("made_at"),
                big_integer_null("done_at"),
            ],
        ),
    ]
}
