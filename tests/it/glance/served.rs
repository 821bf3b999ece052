//! What is asked of the real server, asked of `serve`: the same tests, each against a server of its own in this process.

use std::cell::RefCell;
use std::net::{SocketAddr, TcpListener};
use std::thread::JoinHandle;
use stormglass_model::units::Bytes;
use stormglass_serve::{Config, Server};
use tokio::sync::oneshot;

thread_local! {
    static URL: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// The server of this thread, if it has one.
pub(super) fn url() -> Option<String> {
    URL.with_borrow(Clone::clone)
}

/// A server at work, until it goes away.
pub struct Served {
    pub address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Served {
    pub fn start(config: Config) -> Served {
        Served::start_with(config, None)
    }

    /// The same with another host, to which downloads are redirected.
    pub fn start_with(config: Config, other: Option<TcpListener>) -> Served {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            super::local(async {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                let server = Server::new(config).unwrap();
                let other = other.map(|other| {
                    other.set_nonblocking(true).unwrap();
                    tokio::net::TcpListener::from_std(other).unwrap()
                });
                server
                    .serve(listener, other, async { drop(stopped.await) })
                    .await;
            });
        });
        Served {
            address,
            stop: Some(stop),
            thread: Some(thread),
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        drop(self.stop.take());
        let ended = self.thread.take().map(JoinHandle::join);
        assert!(ended.is_none_or(|it| it.is_ok()), "the server panicked");
    }
}

fn on_serve(test: fn()) {
    let served = Served::start(Config {
        size_cap: Some(Bytes(32 << 20)),
        ..Config::default()
    });
    URL.set(Some(format!("http://{}", served.address)));
    test();
    URL.set(None);
}

/// Each of these tests, on `serve`.
macro_rules! on_serve {
    ($($module:ident::$test:ident),+ $(,)?) => {$(
        #[test]
        fn $test() {
            on_serve(super::$module::$test);
        }
    )+};
}

on_serve!(
    life::a_whole_life,
    life::a_whole_life_by_identity_headers,
    life::an_empty_subject_is_active_and_reads_as_nothing,
    life::an_aborted_upload_leaves_it_queued_and_it_can_be_uploaded,
    life::a_delete_in_mid_upload_fails_the_upload,
    life::a_rival_upload_is_refused_without_waiting_for_its_end,
    life::data_that_lies_elsewhere_is_read_from_there,
    life::a_wrong_token_is_one_clear_line,
    life::one_identity_for_both_is_noticed,
    sources::a_source_that_fails_leaves_it_queued_and_a_slow_one_does_not,
    sources::a_checksum_of_a_location_is_checked,
    sources::the_older_call_takes_checksums_as_they_are,
    sources::another_image_may_read_from_where_this_one_does,
    sources::data_in_chunks_is_an_upload,
    sources::another_project_sees_what_is_shared_with_it,
    surface::locations_are_added_replaced_and_removed,
    surface::a_location_is_registered_and_data_is_imported,
    surface::staged_data_is_imported,
    surface::what_cannot_be_taken_in_leaves_it_queued,
    surface::properties_change_and_a_protected_subject_is_not_deleted,
    surface::a_reader_reads_and_a_stranger_sees_nothing,
    surface::each_fault_at_each_point_of_an_upload,
    surface::each_fault_at_each_point_of_a_request_without_data,
    surface::each_fault_at_each_point_of_a_download,
    surface::at_each_point_of_an_upload_the_subject_is_saving,
    surface::what_ends_without_reaching_the_point_has_passed_it,
    surface::exchanges_are_kept_and_hold_no_credential,
);
