//! From a container's death to the state that says so.

use crate::{
    Options,
    api::Project,
    apply::Running,
    canvas::Canvas,
    engine::Engine,
    sample::{Samples, millis},
    table::{Bar, Row, Table},
};
use anyhow::Result;
use bollard::query_parameters::KillContainerOptionsBuilder;
use domain::{deployment::Condition, event::Event};
use std::time::{Duration, Instant};

/// How much later than the engine's own event.
const BAR: Duration = Duration::from_millis(20);

pub(crate) async fn measure(
    options: &Options,
    engine: &Engine,
    project: &Project,
    running: &[Running],
    table: &mut Table,
) -> Result<()> {
    let mut canvas = Canvas::open(project).await?;
    let mut watch = engine.watch();
    let (mut events, mut states) = (Samples::default(), Samples::default());
    let (mut later, mut inspections) = (Samples::default(), Samples::default());
    // Each dies once: one that dies again and again is treated as a crash loop.
    for Running { service, container } in running.iter().take(options.rounds) {
        tokio::time::sleep(Duration::from_millis(500)).await;
        watch.forget();
        canvas.forget();
        let kill = KillContainerOptionsBuilder::new().signal("KILL").build();
        let begun = Instant::now();
        let (killed, event, state) = tokio::join!(
            engine.docker.kill_container(container, Some(kill)),
            async {
                let event = watch.one("die", container).await?;
                engine.docker.inspect_container(container, None).await?;
                anyhow::Ok((event, Instant::now()))
            },
            canvas.first("the state of a dead container", |event| match event {
                Event::Incident { service: its, .. } | Event::Condition { service: its, .. }
                    if its == service =>
                {
                    Some(())
                }
                _ => None,
            }),
        );
        killed?;
        let ((event, inspected), (state, ())) = (event?, state?);
        events.add(event - begun);
        states.add(state - begun);
        inspections.add(inspected - begun);
        later.add(state.saturating_duration_since(event));
        canvas
            .first("the container to run again", |event| match event {
                Event::Condition { service: its, condition: Condition::Running, .. }
                    if its == service =>
                {
                    Some(())
                }
                _ => None,
            })
            .await?;
    }
    table.add(Row {
        what: format!(
            "death of a container → state written and told; later than the event by {}",
            millis(later.median())
        ),
        ours: states.to_string(),
        floor: format!("the engine's own event: {events}"),
        ratio: Some(states.over(&events)),
        bar: Bar::Asked { text: "≤ floor + 20 ms".to_owned(), holds: later.median() <= BAR },
    });
    table.add(Row {
        what: "the same, beside the engine's answer to a bare inspection at the event".to_owned(),
        ours: states.to_string(),
        floor: format!("that answer: {inspections}"),
        ratio: Some(states.over(&inspections)),
        bar: Bar::None,
    });
    table.note(
        "*death*: `docker kill` of one container among all; ours is the canvas's socket, to which \
         an event comes after its transaction is on disk. The engine tells of a death before it has \
         cleaned up, and keeps the container locked until then: nobody can inspect it earlier.",
    );
    Ok(())
}
