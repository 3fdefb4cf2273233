//! The schema, step by step. A step is never edited once shipped.

mod m0001_people;
mod m0002_projects;
mod m0003_configuration;
mod m0004_rollouts;
mod m0005_events;
mod m0006_event_service;
mod m0007_subnet_size;
mod m0008_audit_chain;
mod m0009_growth;
mod m0010_replica_served;
mod step;

use sea_orm_migration::prelude::*;

/// All steps, in order.
pub(crate) struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_people::Migration),
            Box::new(m0002_projects::Migration),
            Box::new(m0003_configuration::Migration),
            Box::new(m0004_rollouts::Migration),
            Box::new(m0005_events::Migration),
            Box::new(m0006_event_service::Migration),
            Box::new(m0007_subnet_size::Migration),
            Box::new(m0008_audit_chain::Migration),
            Box::new(m0009_growth::Migration),
            Box::new(m0010_replica_served::Migration),
        ]
    }
}

#[cfg(test)]
mod tests;
