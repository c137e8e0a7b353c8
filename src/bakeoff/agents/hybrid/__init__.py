"""A worker with skills from before that goes on learning on the job."""
