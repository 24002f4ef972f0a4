"""Index mapping and search pipelines, as JSON that OpenSearch accepts once its placeholders are filled in."""
