//! What containers write.

use super::{Docker, connection::READ_TIMEOUT};
use bollard::{container::LogOutput, query_parameters::LogsOptionsBuilder};
use domain::runtime::{Follow, LogLine, LogsFrom, ReplicaHandle, RuntimeError};
use futures::{StreamExt, future::Either, stream, stream::BoxStream};
use lines::{LineReader, LogTime};
use std::time::Duration;
use tokio::time::timeout;

mod lines;

/// How long the engine may think about the next line of a history. Following has no such limit.
const IDLE: Duration = Duration::from_secs(30);

impl Docker {
    pub(super) async fn read_logs(
        &self,
        container: &ReplicaHandle,
        from: LogsFrom,
        follow: Follow,
    ) -> Result<BoxStream<'static, Result<LogLine, RuntimeError>>, RuntimeError> {
        // Also a bounded way to learn that the container and the engine are there.
        self.connection
            .call("inspect a container", READ_TIMEOUT, |docker| async move {
                docker.inspect_container(&container.0, None).await
            })
            .await?;
        self.check_ours(container).await?;
        let options = LogsOptionsBuilder::new()
            .stdout(true)
            .stderr(true)
            .timestamps(true)
            .follow(follow == Follow::Yes);
        let (options, first) = match from {
            LogsFrom::Tail(lines) => (options.tail(&lines.to_string()), LogTime::START),
            LogsFrom::Since(at) => {
                let first = LogTime::new(at, 0);
                (options.tail("all").since(first.whole_seconds()), first)
            }
            LogsFrom::After { at, nanos } => {
                let first = LogTime::new(at, nanos).next();
                (options.tail("all").since(first.whole_seconds()), first)
            }
        };
        let client = self.connection.client().await?;
        let output = client.logs(&container.0, Some(options.build()));
        let output = match follow {
            Follow::Yes => Either::Left(output.map(Ok)),
            Follow::No => Either::Right(stream::unfold(Box::pin(output), |mut output| async {
                match timeout(IDLE, output.next()).await {
                    Ok(next) => next.map(|next| (Ok(next), output)),
                    Err(_) => Some((Err(RuntimeError::Timeout("read a log")), output)),
                }
            })),
        };
        let connection = std::sync::Arc::clone(&self.connection);
        let output = output.map(move |output| match output {
            Ok(Ok(output)) => Ok(output),
            Ok(Err(error)) => Err(connection.failure(error).into()),
            Err(error) => Err(error),
        });
        let lines = match follow {
            Follow::Yes => LineReader::following(first, LogTime::now()),
            Follow::No => LineReader::new(first),
        };
        Ok(in_lines(output.boxed(), lines))
    }
}

/// Cuts output into lines; ends after an error.
fn in_lines(
    output: BoxStream<'static, Result<LogOutput, RuntimeError>>,
    lines: LineReader,
) -> BoxStream<'static, Result<LogLine, RuntimeError>> {
    stream::unfold(Some((output, lines)), |reader| async {
        let (mut output, mut lines) = reader?;
        match output.next().await {
            Some(Ok(chunk)) => {
                let ready: Vec<_> =
                    lines.push(&chunk, LogTime::now()).into_iter().map(Ok).collect();
                Some((ready, Some((output, lines))))
            }
            // What has no end yet will be read again after the error, so it is not shown twice.
            Some(Err(error)) => Some((vec![Err(error)], None)),
            None => Some((lines.finish(LogTime::now()).into_iter().map(Ok).collect(), None)),
        }
    })
    .flat_map(stream::iter)
    // Who reads several logs in turn asks an ended one again.
    .fuse()
    .boxed()
}
