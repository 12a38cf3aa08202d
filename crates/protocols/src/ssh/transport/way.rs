//! The way to one side on one channel: what is given to it arrives in order, as the other side has room.
//!
//! Whether it may be given is decided elsewhere.

use bytes::Bytes;
use russh::{ChannelWriteHalf, Sig, client, server};

use super::{Exit, Size, Stream};

/// Something for a channel.
#[derive(Debug)]
pub(in crate::ssh) enum Parcel {
    Data(Stream, Bytes),
    Resized(Size),
    Signal(Sig),
    Exit(Exit),
    /// Nothing more is written.
    Finish,
    Close,
}

impl Parcel {
    /// Data for a program.
    pub(in crate::ssh) fn data(bytes: Bytes) -> Self {
        Self::Data(Stream::Plain, bytes)
    }

    /// How many bytes of data it is.
    pub(in crate::ssh) fn len(&self) -> usize {
        match self {
            Self::Data(_, bytes) => bytes.len(),
            Self::Resized(_) | Self::Signal(_) | Self::Exit(_) | Self::Finish | Self::Close => 0,
        }
    }
}

/// The writing end of a channel.
pub(in crate::ssh) enum Way {
    ToClient(ChannelWriteHalf<server::Msg>, server::Handle),
    ToTarget(ChannelWriteHalf<client::Msg>),
}

/// The connection is gone.
#[derive(Debug)]
pub(in crate::ssh) struct Gone;

impl From<russh::Error> for Gone {
    fn from(_: russh::Error) -> Self {
        Self
    }
}

impl Way {
    /// Gives it to the connection; waits for the window of the other side.
    pub(in crate::ssh) async fn send(&self, parcel: Parcel) -> Result<(), Gone> {
        match (self, parcel) {
            (Self::ToClient(half, _), Parcel::Data(Stream::Plain, bytes)) => half.data_bytes(bytes).await?,
            (Self::ToTarget(half), Parcel::Data(_, bytes)) => half.data_bytes(bytes).await?,
            (Self::ToClient(half, _), Parcel::Data(Stream::Errors, bytes)) => {
                half.extended_data_bytes(Stream::ERRORS, bytes).await?;
            }
            (Self::ToClient(half, _), Parcel::Exit(Exit::Status(status))) => half.exit_status(status).await?,
            (Self::ToClient(half, handle), Parcel::Exit(Exit::Signal { name, dumped, message })) => {
                let told = handle.exit_signal_request(half.id(), name, dumped, message, String::new());
                told.await.map_err(|()| Gone)?;
            }
            (Self::ToClient(half, _), Parcel::Finish) => half.eof().await?,
            (Self::ToTarget(half), Parcel::Finish) => half.eof().await?,
            (Self::ToClient(half, _), Parcel::Close) => half.close().await?,
            (Self::ToTarget(half), Parcel::Close) => half.close().await?,
            (Self::ToTarget(half), Parcel::Resized(size)) => {
                half.window_change(size.columns, size.rows, size.width, size.height).await?;
            }
            (Self::ToTarget(half), Parcel::Signal(signal)) => half.signal(signal).await?,
            // neither says such a thing to that side
            (Self::ToClient(..), Parcel::Resized(_) | Parcel::Signal(_)) | (Self::ToTarget(_), Parcel::Exit(_)) => {}
        }
        Ok(())
    }
}
