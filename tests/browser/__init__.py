"""What a person does, from log-in to the last word on the page: real servers, real files, Chromium."""
