"""What differs by provider: models, speech, images and videos."""
