"""The mailbox against a real WebDAV server and a real SFTP server."""
