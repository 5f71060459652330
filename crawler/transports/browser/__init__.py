"""Pages as Chromium renders them."""
